//! A seeded, sans-IO fake of the Gemini image API.
