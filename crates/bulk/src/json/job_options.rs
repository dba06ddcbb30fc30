//! The options of the methods of jobs, by name and by what JavaScript calls their type.

/// One option: its name, the type that it must have, and that in words.
type Row = (&'static str, &'static [&'static str], &'static str);

const SIGNAL: Row = ("signal", &["object"], "an AbortSignal");

const MODEL: Row = ("model", &["string"], "the id of a model");

const METHODS: &[(&str, &[Row])] = &[
    (
        "create",
        &[
            MODEL,
            ("displayName", &["string"], "a text"),
            SIGNAL,
            ("onCreating", &["function"], "a function"),
            ("onCreated", &["function"], "a function"),
            ("onWaiting", &["function"], "a function"),
        ],
    ),
    (
        "wait",
        &[
            SIGNAL,
            ("onProgress", &["function"], "a function"),
            ("deadline", &["number", "object"], "a number of milliseconds, or a Date"),
        ],
    ),
    ("results", &[SIGNAL]),
    ("get", &[SIGNAL]),
    ("list", &[MODEL, SIGNAL]),
    ("find", &[MODEL, SIGNAL, ("thorough", &["boolean"], "true or false")]),
];

/// Refuses an option that a method does not have, or that is of another type; those that are
/// `undefined` count as left out.
///
/// # Errors
/// A sentence that names the option.
pub fn check(method: &str, keys: &[String], types: &[String]) -> Result<(), String> {
    let rows = METHODS.iter().find(|(name, _)| *name == method).map_or(&[][..], |row| row.1);
    for (key, own) in keys.iter().zip(types) {
        let Some((_, fits, words)) = rows.iter().find(|(name, ..)| name == key) else {
            let known: Vec<&str> = rows.iter().map(|(name, ..)| *name).collect();
            let known = known.join(", ");
            return Err(format!("unknown option `{key}`; the known ones are {known}"));
        };
        if own != "undefined" && !fits.contains(&own.as_str()) {
            return Err(format!("option `{key}` must be {words}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(method: &str, key: &str, own: &str) -> Result<(), String> {
        check(method, &[key.to_owned()], &[own.to_owned()])
    }

    #[test]
    fn what_is_unknown_or_of_another_type_is_named() {
        assert_eq!(checked("create", "model", "string"), Ok(()));
        assert_eq!(checked("wait", "deadline", "undefined"), Ok(()));
        assert_eq!(
            checked("wait", "onprogress", "function").unwrap_err(),
            "unknown option `onprogress`; the known ones are signal, onProgress, deadline",
        );
        assert_eq!(
            checked("create", "displayName", "number").unwrap_err(),
            "option `displayName` must be a text",
        );
    }
}
