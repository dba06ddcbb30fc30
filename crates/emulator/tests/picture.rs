//! Answers carry real pictures, of any size that is asked for.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic, clippy::indexing_slicing, dead_code)]

mod common;

use base64::Engine as _;
use common::{NOON, PRO, send, service};
use serde_json::{Value, json};
use unexhausted_emulator::{MAX_BYTES, Picture, Request};

fn decode(file: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    reader.finish().unwrap();
    (info.width, info.height, pixels)
}

fn picture_in(answer: &Value) -> Vec<u8> {
    let parts = answer["candidates"][0]["content"]["parts"].as_array().unwrap();
    let data = &parts.last().unwrap()["inlineData"];
    assert_eq!(data["mimeType"], "image/png");
    base64::engine::general_purpose::STANDARD.decode(data["data"].as_str().unwrap()).unwrap()
}

#[test]
fn a_picture_is_made_from_its_prompt() {
    let mut service = service(json!({}));
    let mut draw = |prompt: &str| {
        let answer = send(&mut service, NOON, Request::generate(1, PRO, prompt));
        picture_in(&answer.json())
    };
    let boat = draw("a boat");
    let (width, height, pixels) = decode(&boat);
    assert_eq!((width, height), (64, 64));
    assert!(pixels.iter().collect::<std::collections::BTreeSet<_>>().len() > 8);
    assert_eq!(draw("a boat"), boat);
    assert_ne!(draw("a goat"), boat);
    assert!(boat.len() < 8_000, "{}", boat.len());
}

#[test]
fn a_picture_has_the_side_that_is_configured() {
    for side in [1, 7, 64, 256] {
        let (width, height, _) = decode(&Picture { hash: 5, side, bytes: None }.png());
        assert_eq!((width, height), (side, side));
    }
}

#[test]
fn bytes_are_exact_and_the_file_stays_valid() {
    let sizes = [256, 300, 511, 512, 1_000, 4_096, 65_535, 65_536, 100_001, 1_000_000, 3_333_333];
    for bytes in sizes {
        let file = Picture { hash: bytes, side: 64, bytes: Some(bytes) }.png();
        assert_eq!(file.len() as u64, bytes);
        decode(&file);
    }
}

#[test]
fn twenty_four_mebibytes_do_not_compress() {
    let file = Picture { hash: 1, side: 64, bytes: Some(MAX_BYTES) }.png();
    assert_eq!(file.len() as u64, 25_165_824);
    let (width, height, pixels) = decode(&file);
    assert_eq!(width, 2_048);
    // All of it is pixels, but for a thousandth.
    assert!(u64::from(width) * u64::from(height) * 3 > MAX_BYTES * 999 / 1_000);
    let packed = miniz_oxide::deflate::compress_to_vec(&pixels[..1 << 20], 6);
    assert!(packed.len() > (1 << 20) * 99 / 100);
}

#[test]
fn a_prompt_can_ask_for_bytes() {
    let mut service = service(json!({ "imageBytes": 50_000 }));
    let mut size = |prompt: &str| {
        picture_in(&send(&mut service, NOON, Request::generate(1, PRO, prompt)).json()).len()
    };
    assert_eq!(size("a boat"), 50_000);
    assert_eq!(size("a boat [[imageBytes=70000]]"), 70_000);
    let much = Request::generate(1, PRO, "a boat [[imageBytes=99000000]]");
    assert_eq!(send(&mut service, NOON, much).status, 400);
}
