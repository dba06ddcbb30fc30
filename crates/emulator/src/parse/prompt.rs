//! The prompt of a request.

use serde_json::Value;

use crate::base::random::{HASH_START, hash};
use crate::model::catalogue::Model;
use crate::model::generation::Generation;
use crate::model::picture;
use crate::parse::field_names::{BLOB, CONTENT, PART};
use crate::parse::review::{Review, listed, snake};
use crate::wire::gemini::{SIGNED, VERTEX_SIGNED};
use crate::wire::refusal::{Refusal, refuse};

/// The sum of a request's contents: their hash, their length, their pictures.
pub(crate) struct Prompt {
    hash: u64,
    characters: u64,
    images: u64,
    image_bytes: Option<u64>,
    /// The other API's signature.
    foreign_signature: &'static str,
    has_foreign_signature: bool,
}

impl Prompt {
    /// A prompt of which nothing is read yet.
    pub(crate) fn new() -> Self {
        Self {
            hash: HASH_START,
            characters: 0,
            images: 0,
            image_bytes: None,
            foreign_signature: VERTEX_SIGNED,
            has_foreign_signature: false,
        }
    }

    /// The same on Vertex AI.
    pub(crate) fn of_vertex() -> Self {
        Self { foreign_signature: SIGNED, ..Self::new() }
    }

    /// Whether it shows a picture back that the other API has signed.
    pub(crate) fn has_foreign_signature(&self) -> bool {
        self.has_foreign_signature
    }

    pub(crate) fn content(&mut self, review: &mut Review, place: &str, value: &Value) {
        for (name, value) in review.message(place, value, CONTENT) {
            if name != "parts" {
                continue;
            }
            for (index, part) in listed(value).iter().enumerate() {
                self.part(review, &format!("{place}.parts[{index}]"), part);
            }
        }
    }

    fn part(&mut self, review: &mut Review, place: &str, value: &Value) {
        for (name, value) in review.message(place, value, PART) {
            match name.as_str() {
                "text" => match value.as_str() {
                    Some(text) => self.text(text),
                    None => review.invalid(&format!("{place}.text"), "TYPE_STRING", value),
                },
                "inlineData" => self.blob(review, &format!("{place}.inline_data"), value),
                "thoughtSignature" => {
                    self.has_foreign_signature |= value.as_str() == Some(self.foreign_signature);
                }
                "fileData" => self.images = self.images.saturating_add(1),
                _ => {}
            }
        }
    }

    /// Takes in a picture.
    pub(crate) fn picture(&mut self, data: &str) {
        self.images = self.images.saturating_add(1);
        self.hash = hash(self.hash, data.as_bytes());
    }

    /// Takes in a text, and the size of the picture that it may ask for.
    pub(crate) fn text(&mut self, text: &str) {
        self.hash = hash(self.hash, text.as_bytes());
        self.characters = self.characters.saturating_add(text.chars().count() as u64);
        if let Some((_, directive)) = text.split_once("[[imageBytes=") {
            let digits = directive.split("]]").next().and_then(|digits| digits.parse().ok());
            self.image_bytes = digits.or(self.image_bytes);
        }
    }

    fn blob(&mut self, review: &mut Review, place: &str, value: &Value) {
        self.images = self.images.saturating_add(1);
        for (name, value) in review.message(place, value, BLOB) {
            match value.as_str() {
                Some(text) => self.hash = hash(self.hash, text.as_bytes()),
                None => review.invalid(&format!("{place}.{}", snake(&name)), "TYPE_STRING", value),
            }
        }
    }

    /// Tokens as the service counts them: near a quarter of the characters, but up to 15 % off.
    pub(crate) fn tokens(&self, model: &Model) -> u64 {
        let off = hash(self.hash, b"tokens") % 31;
        let text = self.characters.saturating_mul(off.saturating_add(85)).saturating_add(200) / 400;
        text.max(1).saturating_add(self.images.saturating_mul(model.input_image_tokens))
    }

    /// The generation with the facts of the prompt.
    pub(crate) fn complete(&self, mut generation: Generation) -> Result<Generation, Refusal> {
        if let Some(bytes) = self.image_bytes {
            picture::check_bytes(Some(bytes)).or_else(|sentence| refuse(400, &sentence))?;
            generation.image_bytes = Some(bytes);
        }
        generation.prompt_hash = self.hash;
        generation.prompt_empty = self.characters == 0 && self.images == 0;
        generation.prompt_tokens = self.tokens(generation.model);
        generation.input_images = self.images;
        Ok(generation)
    }
}
