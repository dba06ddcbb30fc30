//! Real PNG files made from the prompt.

use miniz_oxide::deflate::compress_to_vec_zlib;

use crate::base::random::{Purpose, Random};

/// The largest picture on request: 24 MiB.
pub const MAX_BYTES: u64 = 24 * 1024 * 1024;

/// The smallest picture with a given size: its fixed parts and one pixel.
const MIN_BYTES: u64 = 256;

pub(crate) fn check_bytes(bytes: Option<u64>) -> Result<(), String> {
    match bytes {
        Some(bytes) if !(MIN_BYTES..=MAX_BYTES).contains(&bytes) => {
            Err(format!("imageBytes is from {MIN_BYTES} to {MAX_BYTES}, not {bytes}"))
        }
        _ => Ok(()),
    }
}

/// The facts that a picture is made from; its bytes are made on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The pattern and its colours follow from it.
    pub hash: u64,
    /// Pixels of a side.
    pub side: u32,
    /// Exactly so many bytes, filled with noise that does not compress.
    pub bytes: Option<u64>,
}

impl Picture {
    /// The PNG file.
    #[must_use]
    pub fn png(&self) -> Vec<u8> {
        match self.bytes {
            None => {
                let mut file = start(self.side, self.side);
                chunk(&mut file, *b"IDAT", &compress_to_vec_zlib(&self.pattern(), 6));
                end(&mut file);
                file
            }
            Some(bytes) => self.noise(bytes.min(MAX_BYTES)),
        }
    }

    /// A mirrored pattern of 8 × 8 cells over a gradient: two prompts look different at a glance.
    fn pattern(&self) -> Vec<u8> {
        let mut random = Random::keyed(self.hash, 0, Purpose::Noise);
        let cells = random.next();
        let colour = |bits: u64| [bits as u8, (bits >> 8) as u8, (bits >> 16) as u8];
        let (front, top, bottom) =
            (colour(random.next()), colour(random.next()), colour(random.next()));
        let side = self.side.max(1);
        let mut rows = Vec::new();
        for y in 0..side {
            rows.push(0); // No filter.
            let depth = f64::from(y) / f64::from(side);
            for x in 0..side {
                let column = cell(x, side);
                let mirrored = column.min(7_u32.saturating_sub(column));
                let bit = cell(y, side).saturating_mul(4).saturating_add(mirrored);
                for ((front, top), bottom) in front.iter().zip(top).zip(bottom) {
                    let ground = f64::from(top) * (1.0 - depth) + f64::from(bottom) * depth;
                    rows.push(if cells >> bit & 1 == 1 { *front } else { ground as u8 });
                }
            }
        }
        rows
    }

    /// A picture of random pixels, then a private chunk for the bytes that make no full row.
    fn noise(&self, bytes: u64) -> Vec<u8> {
        // Signature, IHDR, IEND, and the frames of IDAT and of the filling chunk; zlib adds 6
        // bytes and 5 more for each block of stored data, which are of 31 KiB or more.
        const FIXED: u64 = 8 + 25 + 12 + 12 + 12 + 6 + 64;
        let room = bytes.saturating_sub(FIXED);
        let stored = room.saturating_sub(room / 4096);
        // Near a square, and the widest row that fits into very little.
        let width = [2048, 512, 64, 1].into_iter().find(|width| stored / 4 >= row_of(*width));
        let width = width.unwrap_or(1);
        let rows = stored.checked_div(row_of(width)).unwrap_or(1).max(1);
        let height = u32::try_from(rows).unwrap_or(1);
        let mut random = Random::keyed(self.hash, 1, Purpose::Noise);
        let row = row_of(width) as usize;
        let mut pixels = vec![0; row.saturating_mul(height as usize)];
        for bytes in pixels.chunks_mut(8) {
            bytes.copy_from_slice(random.next().to_le_bytes().get(..bytes.len()).unwrap_or(&[]));
        }
        for row in pixels.chunks_mut(row) {
            if let Some(filter) = row.first_mut() {
                *filter = 0;
            }
        }
        let mut file = start(width, height);
        chunk(&mut file, *b"IDAT", &compress_to_vec_zlib(&pixels, 0));
        let missing = bytes.saturating_sub(file.len() as u64).saturating_sub(12 + 12);
        chunk(&mut file, *b"fiLl", &vec![b'.'; usize::try_from(missing).unwrap_or(0)]);
        end(&mut file);
        file
    }
}

/// Bytes of a row: the filter's and three a pixel.
fn row_of(width: u32) -> u64 {
    u64::from(width).saturating_mul(3).saturating_add(1)
}

/// The cell, of eight, that a pixel is in.
fn cell(at: u32, side: u32) -> u32 {
    at.saturating_mul(8).checked_div(side).unwrap_or(0).min(7)
}

fn start(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]); // Eight bits a channel, RGB, not interlaced.
    chunk(&mut file, *b"IHDR", &header);
    file
}

fn end(file: &mut Vec<u8>) {
    chunk(file, *b"IEND", &[]);
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(0);
    file.extend(length.to_be_bytes());
    file.extend(kind);
    file.extend(data);
    let mut crc = crc32fast::Hasher::new();
    crc.update(&kind);
    crc.update(data);
    file.extend(crc.finalize().to_be_bytes());
}

/// A place for a picture's base64 in a text, until the body is drawn. No other text contains it.
pub(crate) const PLACEHOLDER: &str = "<<<<picture>>>>";
