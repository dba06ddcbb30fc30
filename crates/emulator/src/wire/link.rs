//! Pictures under links, as resellers hand them out. A link says itself what its picture is made
//! from, so that nothing has to be kept.

use crate::model::picture::{MAX_BYTES, Picture};
use crate::wire::error;
use crate::wire::refusal::Refusal;

/// The path of the folder with all pictures.
pub(crate) const FOLDER: &str = "/pictures/";

/// The name of a picture that is gone.
pub(crate) const DEAD: &str = "gone.png";

/// The name of a page in the place of a picture.
pub(crate) const PAGE: &str = "page.png";

/// The link to a picture.
pub(crate) fn to(host: &str, picture: Picture) -> String {
    let Picture { hash, side, bytes } = picture;
    at(host, &format!("{hash:016x}-{side}-{}.png", bytes.unwrap_or(0)))
}

/// The link to a name.
pub(crate) fn at(host: &str, name: &str) -> String {
    format!("http://{host}{FOLDER}{name}")
}

/// The picture of a name, or the page in its place.
pub(crate) fn find(name: &str) -> Result<Picture, Refusal> {
    if name == PAGE {
        let page = "<!DOCTYPE html>\n<title>Please sign in</title>\n";
        return Err(Refusal::new(200, page.into()));
    }
    read(name).ok_or_else(|| {
        Refusal::new(404, error::html(404, "Not Found", "The requested picture has expired."))
    })
}

fn read(name: &str) -> Option<Picture> {
    let mut parts = name.strip_suffix(".png")?.splitn(3, '-');
    let hash = u64::from_str_radix(parts.next()?, 16).ok()?;
    let side = parts.next()?.parse().ok().filter(|side| (1..=1024).contains(side))?;
    let bytes: u64 = parts.next()?.parse().ok().filter(|bytes| *bytes <= MAX_BYTES)?;
    Some(Picture { hash, side, bytes: (bytes > 0).then_some(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_its_picture() {
        for bytes in [None, Some(5_000)] {
            let picture = Picture { hash: 7, side: 16, bytes };
            let link = to("127.0.0.1:80", picture);
            let name = link.strip_prefix("http://127.0.0.1:80/pictures/").unwrap();
            assert_eq!(find(name).ok(), Some(picture));
        }
    }

    #[test]
    fn other_names_lead_to_pages() {
        let status = |name: &str| find(name).err().map(|refused| refused.status);
        assert_eq!(status(DEAD), Some(404));
        assert_eq!(status(PAGE), Some(200));
        for name in ["", "x.png", "7-16.png", "7-0-0.png", "7-4096-0.png", "7-16-99999999.png"] {
            assert_eq!(status(name), Some(404), "{name}");
        }
    }
}
