//! The body of an answer, whose pictures are drawn late.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::model::picture::{PLACEHOLDER, Picture};
use crate::wire::results::RowRef;

/// The body of an answer. A picture in it is drawn when the bytes are asked for, so that a
/// simulation of a million requests pays for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    pieces: Vec<Piece>,
    breaks_off: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A picture in base64.
    Picture(Picture),
    /// A picture's file.
    File(Picture),
    /// A row of a job, which is written when its bytes are asked for.
    Row(RowRef),
    Bytes(Vec<u8>),
}

impl Piece {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Picture(picture) => BASE64.encode(picture.png()).into_bytes(),
            Self::File(picture) => picture.png(),
            Self::Row(row) => row
                .text()
                .map_or_else(Vec::new, |(text, picture)| Body::drawn(&text, picture).to_bytes()),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

impl Body {
    /// The bytes to send.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(Piece::to_bytes).collect()
    }

    /// Whether it is made of the rows of a job, which are best sent one by one, by
    /// [`Body::piece`]: all of them at once may be gigabytes.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.breaks_off || self.pieces.iter().any(|piece| matches!(piece, Piece::Row(_)))
    }

    /// The bytes of one piece, counted from 0; nothing behind the last.
    #[must_use]
    pub fn piece(&self, index: usize) -> Option<Vec<u8>> {
        self.pieces.get(index).map(Piece::to_bytes)
    }

    /// Whether the connection is lost when the bytes are out.
    #[must_use]
    pub fn breaks_off(&self) -> bool {
        self.breaks_off
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        self.pieces.push(Piece::Text(text.to_owned()));
    }

    /// A row of a job.
    pub(crate) fn push_row(&mut self, row: RowRef) {
        self.pieces.push(Piece::Row(row));
    }

    /// Lets it break off after that fraction of its pieces, in the middle of one.
    pub(crate) fn broken(mut self, fraction: f64) -> Self {
        let whole = (self.pieces.len() as f64 * fraction) as usize;
        let whole = whole.min(self.pieces.len().saturating_sub(1));
        let mut part = self.piece(whole).unwrap_or_default();
        part.truncate(part.len() / 2);
        self.pieces.truncate(whole);
        self.pieces.push(Piece::Bytes(part));
        self.breaks_off = true;
        self
    }

    /// A picture's file.
    pub(crate) fn file(picture: Picture) -> Self {
        Self { pieces: vec![Piece::File(picture)], breaks_off: false }
    }

    /// A text in which each [`PLACEHOLDER`] stands for a picture in base64. The last picture is the
    /// answer; interim ones before it are small and of their own.
    pub(crate) fn drawn(text: &str, picture: Picture) -> Self {
        let count = text.matches(PLACEHOLDER).count();
        let mut pieces = Vec::new();
        for (index, stretch) in text.split(PLACEHOLDER).enumerate() {
            if index > 0 {
                let interim = index < count;
                let hash = if interim { !picture.hash } else { picture.hash };
                let bytes = if interim { None } else { picture.bytes };
                pieces.push(Piece::Picture(Picture { hash, bytes, ..picture }));
            }
            pieces.push(Piece::Text(stretch.to_owned()));
        }
        Self { pieces, breaks_off: false }
    }

    /// The pictures in it.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Picture(picture) | Piece::File(picture) => Some(picture),
            Piece::Text(_) | Piece::Row(_) | Piece::Bytes(_) => None,
        })
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self { pieces: vec![Piece::Text(text)], breaks_off: false }
    }
}
