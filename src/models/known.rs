//! The catalogue of one client: its own rows first, then those that are built in.

use crate::base::value::Value;
use crate::models::catalog::{MODELS, bare, whose};
use crate::models::model::{Model, Status};
use crate::models::own_row::OwnRow;

/// The models that a client knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    own: Vec<OwnRow>,
}

impl Catalog {
    /// Adds a row of the caller's, or changes one that is built in.
    ///
    /// # Errors
    /// A sentence that names the row and what is wrong with it.
    pub fn add(&mut self, row: &Value) -> Result<(), String> {
        let row = OwnRow::read(row)?;
        if self.own.iter().any(|other| other.id == row.id) {
            return Err(["`catalog` has two rows with the id `", &row.id, "`"].concat());
        }
        self.own.push(row);
        Ok(())
    }

    /// The model of an id or older name, with or without `models/`.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Model<'_>> {
        let id = bare(id);
        self.exactly(id).or_else(|| self.exactly(whose(id)?))
    }

    /// The id that is meant by one that nobody knows, where it is off by three letters at most.
    #[must_use]
    pub fn nearest(&self, id: &str) -> Option<Model<'_>> {
        let id = bare(id);
        let served = self.iter().filter(|model| model.status != Status::Retired);
        let near = served.map(|model| (distance(id, model.id), model));
        let (off, model) = near.min_by_key(|(off, _)| *off)?;
        (off <= 3).then_some(model)
    }

    fn exactly(&self, id: &str) -> Option<Model<'_>> {
        let own = self.own.iter().find(|row| row.id == id).map(OwnRow::model);
        own.or_else(|| MODELS.iter().find(|model| model.id == id).copied())
    }

    /// Whether the caller has a row of this id.
    #[must_use]
    pub fn is_own(&self, id: &str) -> bool {
        self.own.iter().any(|row| row.id == id)
    }

    /// Today's id for an older name: the model that it was, or that one's successor. `None` for any
    /// other name, and where the caller has a row of that name.
    #[must_use]
    pub fn today(&self, name: &str) -> Option<&str> {
        let was = self.exactly(whose(name)?)?;
        let is_own = self.is_own(name);
        let today = if was.status == Status::Retired { was.successor } else { Some(was.id) };
        today.filter(|_| !is_own)
    }

    /// Every model: those that are built in, with what the caller has changed of them, then the
    /// caller's own.
    pub fn iter(&self) -> impl Iterator<Item = Model<'_>> {
        let is_new = |row: &&OwnRow| MODELS.iter().all(|model| model.id != row.id);
        let built_in = MODELS.iter().filter_map(|model| self.exactly(model.id));
        built_in.chain(self.own.iter().filter(is_new).map(OwnRow::model))
    }
}

/// How many letters are to be added, left out or changed to get from one text to the other
/// (Levenshtein); of texts whose lengths differ much, more than anybody asks for.
fn distance(from: &str, to: &str) -> usize {
    if from.len().abs_diff(to.len()) > 3 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (number, letter) in (1..).zip(from.bytes()) {
        let mut diagonal = core::mem::replace(row.first_mut().unwrap_or(&mut 0), number);
        let mut left = number;
        for (cell, other) in row.iter_mut().skip(1).zip(to.bytes()) {
            let changed = diagonal.saturating_add(usize::from(letter != other));
            diagonal = *cell;
            left = changed.min(left.min(diagonal).saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::reader::read;
    use crate::protocol::need::Size;

    fn catalog(rows: &[&str]) -> Catalog {
        let mut catalog = Catalog::default();
        for row in rows {
            catalog.add(&read(row).unwrap().0).unwrap();
        }
        catalog
    }

    #[test]
    fn older_names_are_today_s_models() {
        let catalog = Catalog::default();
        assert_eq!(catalog.today("gemini-3-pro-image-preview"), Some("gemini-3-pro-image"));
        assert_eq!(catalog.today("imagen-4-fast"), Some("gemini-3.1-flash-lite-image"));
        assert_eq!(catalog.today("gemini-3-pro-image"), None);
        assert_eq!(catalog.today("gemini-9-image"), None);
        // A model that a server of the caller's calls so still has the price and the abilities.
        assert_eq!(catalog.find("imagen-4-fast").unwrap().name, "Imagen 4 Fast");
        assert_eq!(catalog.find("models/gemini-3-pro-image-preview").unwrap().references, 14);
        assert!(catalog.find("gemini-9-image").is_none());
    }

    #[test]
    fn a_slip_of_the_pen_is_near_what_is_meant() {
        let catalog = Catalog::default();
        let near = |id: &str| catalog.nearest(id).map(|model| model.id.to_owned());
        assert_eq!(near("gemini-3-pro-imgae").as_deref(), Some("gemini-3-pro-image"));
        assert_eq!(near("models/gemini-3pro-image").as_deref(), Some("gemini-3-pro-image"));
        assert_eq!(near("gemini-4-ultra-video"), None);
        assert_eq!(near(""), None);
        assert_eq!((distance("kitten", "sitting"), distance("abc", "abc")), (3, 0));
    }

    #[test]
    fn own_rows_come_first() {
        let catalog = catalog(&[
            "{\"id\":\"gemini-9-image\",\"sizes\":{\"1K\":0.01}}",
            "{\"id\":\"gemini-3-pro-image\",\"sizes\":{\"1K\":0.05},\"status\":\"deprecated\"}",
            "{\"id\":\"gemini-3-pro-image-preview\"}",
        ]);
        assert_eq!(catalog.find("gemini-9-image").unwrap().price(None).unwrap().usd, 0.01);
        let pro = catalog.find("gemini-3-pro-image").unwrap();
        assert_eq!(pro.price(None).unwrap().usd, 0.05);
        assert_eq!((pro.status, pro.name), (Status::Deprecated, "Nano Banana Pro"));
        assert!(pro.row(Size::K4).is_none(), "the sizes that are given are all that there are");
        assert_eq!(catalog.today("gemini-3-pro-image-preview"), None, "the caller knows that name");
        let ids: Vec<_> = catalog.iter().map(|model| model.id.to_owned()).collect();
        assert_eq!(ids.len(), MODELS.len() + 2);
        assert_eq!(ids.iter().filter(|id| *id == "gemini-3-pro-image").count(), 1);
    }

    #[test]
    fn an_id_stands_once() {
        let mut catalog = catalog(&["{\"id\":\"a\"}"]);
        let again = catalog.add(&read("{\"id\":\"a\"}").unwrap().0);
        assert_eq!(again, Err("`catalog` has two rows with the id `a`".to_owned()));
    }
}
