//! Foreign values walked for evidence, iteratively and within bounds.

use crate::base::slice;
use crate::base::slice::{decimal, skip, until};
use crate::base::time::Millis;
use crate::base::value::Value;
use crate::errors::answer;
use crate::errors::evidence::{Evidence, Place};
use crate::errors::field::{Field, field};
use crate::errors::hint;
use crate::errors::normalize::{Join, ends, flatten};
use crate::errors::printed::{is_client, without_client};
use crate::errors::reader::{looks_like_value, read};
use crate::errors::scan;
use crate::protocol::address::origin;

/// Levels, values and bytes of text that are looked at.
const LEVEL_MAX: u32 = 64;
const NODES_MAX: u32 = 20_000;
const TEXT_TOTAL: usize = 256 * 1024;
/// How often a text is tried as a value: a brace in prose fails at once.
const TRIES_MAX: u32 = 16;
/// A longer text is no id, and no frame in it matters.
const VALUE_MAX: usize = 400;

struct Walk<'a> {
    ev: &'a mut Evidence,
    /// Values that were read from texts, with their level.
    read: Vec<(Value, u32)>,
    nodes: u32,
    text: usize,
}

/// Gathers the evidence of a value.
pub(crate) fn gather(ev: &mut Evidence, input: &Value) {
    let mut walk = Walk { ev, read: Vec::new(), nodes: NODES_MAX, text: TEXT_TOTAL };
    walk.value(input, 0);
    // In the order of the text: the last error of a log is the one that counts.
    let mut next = 0_usize;
    while let Some((value, level)) = walk.read.get_mut(next) {
        let (value, level) = (core::mem::replace(value, Value::Null), *level);
        walk.value(&value, level);
        next = next.saturating_add(1);
    }
}

impl Walk<'_> {
    /// Walks a value in the order in which it is written.
    fn value(&mut self, root: &Value, level: u32) {
        let mut open: Vec<(Option<Field>, &Value, u32)> = vec![(None, root, level)];
        while let Some((field, value, level)) = open.pop() {
            let Some(left) = self.nodes.checked_sub(1) else { return };
            self.nodes = left;
            let below = level.saturating_add(1);
            match value {
                Value::String(text) => self.leaf(level, field, text),
                Value::Number(number) => self.number(level, field, *number),
                Value::Array(items) if below < LEVEL_MAX => {
                    // An item stands under the name of its list.
                    for item in items.iter().rev() {
                        open.push((field, item, below));
                    }
                }
                Value::Object(entries) if below < LEVEL_MAX => {
                    match field {
                        Some(Field::Headers) => {
                            self.headers(entries);
                            continue;
                        }
                        Some(Field::RetryDelay) => {
                            self.delay(level, value);
                            continue;
                        }
                        _ => {}
                    }
                    self.object(value, entries, below, &mut open);
                }
                _ => {}
            }
        }
    }

    fn object<'v>(
        &mut self,
        value: &'v Value,
        entries: &'v [(String, Value)],
        level: u32,
        open: &mut Vec<(Option<Field>, &'v Value, u32)>,
    ) {
        if answer::note(self.ev, value) {
            // The rest of an answer is the model's own words, which may say anything.
            for (key, item) in entries.iter().rev() {
                if !answer::is_part(key) {
                    open.push((field(key), item, level));
                }
            }
            return;
        }
        // The AI SDK keeps every try in `errors` and the one that counts in `lastError`.
        let has_last = value.get("lastError").is_some();
        for (key, item) in entries.iter().rev() {
            let field = field(key);
            match field {
                Some(Field::Skip) => {
                    if let Some(Value::String(url)) = item.get("url") {
                        self.ev.names(Place::Address, url);
                    }
                    continue;
                }
                Some(Field::Error) => {
                    self.ev.error |= !matches!(item, Value::Null | Value::Bool(false));
                }
                None if has_last && key == "errors" => continue,
                None if is_client(key) && !matches!(item, Value::String(_)) => continue,
                _ => {}
            }
            open.push((field, item, level));
        }
    }

    fn headers(&mut self, entries: &[(String, Value)]) {
        let date = entries.iter().find(|(name, _)| name.eq_ignore_ascii_case("date"));
        let date = date.and_then(|(_, value)| value.as_str()).and_then(hint::date);
        for (name, value) in entries {
            match (field(name), value) {
                (Some(Field::RetrySeconds), Value::String(text)) => self.ev.delay_by(text, date),
                (
                    known @ Some(Field::RetrySeconds | Field::RetryMillis | Field::RetryReset),
                    value,
                ) => self.leaf_or_number(known, value),
                _ => {}
            }
            if let Some(address) = value.as_str().filter(|_| name.eq_ignore_ascii_case("location"))
            {
                self.ev.location = origin(address).map(str::to_owned);
            }
        }
    }

    /// protobuf.js: `{ seconds, nanos }`, of which the seconds may be a Long,
    /// `{ low, high, unsigned }`.
    fn delay(&mut self, level: u32, value: &Value) {
        self.ev.entry(level, Field::RetryDelay, "");
        for (name, field) in [("seconds", Field::Seconds), ("nanos", Field::Nanos)] {
            match value.get(name).map(|part| part.get("low").unwrap_or(part)) {
                Some(Value::Number(number)) => self.number(level, Some(field), *number),
                Some(Value::String(text)) => self.ev.entry(level, field, text),
                _ => {}
            }
        }
    }

    fn leaf_or_number(&mut self, field: Option<Field>, value: &Value) {
        match value {
            Value::String(text) => self.leaf(0, field, text),
            Value::Number(number) => self.number(0, field, *number),
            _ => {}
        }
    }

    fn number(&mut self, level: u32, field: Option<Field>, number: f64) {
        let Some(field) = field else { return };
        if (0.0..1e15).contains(&number) {
            let thousandths = Millis::from_f64(number * 1_000.0).0;
            let mut text = String::new();
            decimal(thousandths / 1_000, &mut text);
            if !thousandths.is_multiple_of(1_000) {
                text.push('.');
                for place in [100, 10, 1] {
                    decimal(thousandths.checked_div(place).unwrap_or(0) % 10, &mut text);
                }
            }
            self.ev.entry(level, field, &text);
        }
    }

    fn leaf(&mut self, level: u32, field: Option<Field>, text: &str) {
        match field {
            Some(Field::Url) => self.ev.names(Place::Address, text),
            Some(Field::Name) => {
                self.ev.entry(level, Field::Name, text);
                self.ev.sentence(text);
            }
            Some(Field::Message | Field::Error) | None => self.text(level, field, text),
            Some(Field::QuotaDimensions) => {
                self.ev.entry(level, Field::QuotaDimensions, "");
                scan::read_fields(self.ev, level, text);
            }
            Some(known) => {
                let (whole, framed) = if text.len() < VALUE_MAX {
                    flatten(text, Join::Nothing)
                } else {
                    (String::new(), false)
                };
                self.ev.entry(level, known, if framed { &whole } else { text });
                // `status: "Too Many Requests"`, `code: "401 …"`, a cause in words.
                if matches!(
                    known,
                    Field::Code | Field::Status | Field::Reason | Field::Filtered | Field::Value
                ) && text.bytes().any(|byte| byte == b' ')
                {
                    self.text(level, None, text);
                }
            }
        }
    }

    /// Reads a text: the values in it by structure, and the rest by pattern.
    fn text(&mut self, level: u32, field: Option<Field>, text: &str) {
        let emptied = without_client(self.ev, text);
        for part in ends(emptied.as_deref().unwrap_or(text)) {
            let Some(left) = self.text.checked_sub(part.len()) else { return };
            self.text = left;
            self.part(level, field, part);
        }
    }

    fn part(&mut self, level: u32, field: Option<Field>, text: &str) {
        let mut prose = String::new();
        let (mut done, mut from, mut tries) = (0_usize, 0_usize, 0_u32);
        let inner = level.saturating_add(1);
        while tries < TRIES_MAX && inner < LEVEL_MAX {
            let start = from.saturating_add(until(slice::from(text, from), "{[").len());
            if start >= text.len() {
                break;
            }
            let (before, candidate) = text.split_at_checked(start).unwrap_or(("", ""));
            from = start.saturating_add(1);
            if !looks_like_value(candidate) || scan::is_message_field(before) {
                continue;
            }
            tries = tries.saturating_add(1);
            if let Some((value, length)) = read(candidate) {
                // PHP's `["name"]=>` is a name and no list.
                if skip(slice::from(candidate, length), " ").starts_with("=>") {
                    continue;
                }
                prose.push_str(text.get(done..start).unwrap_or(""));
                prose.push('\n');
                done = start.saturating_add(length);
                from = done;
                self.read.push((value, inner));
            }
        }
        let rest = text.get(done..).unwrap_or("");
        if prose.is_empty() {
            self.prose(level, field, rest);
        } else {
            prose.push_str(rest);
            self.prose(level, field, &prose);
        }
    }

    fn prose(&mut self, level: u32, field: Option<Field>, text: &str) {
        if skip(text, " \n\r\t").is_empty() {
            return;
        }
        let is_message = matches!(field, Some(Field::Message | Field::Error));
        if is_message || (field.is_none() && self.ev.message().is_empty()) {
            self.ev.says(level, text);
        }
        scan::read(self.ev, level.saturating_add(1), text);
    }
}
