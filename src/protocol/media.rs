//! Pictures in foreign answers: their types, data URLs, links.

use crate::slice::{bounded, first, from, until};

/// How files of each type begin, in base64 (the magic numbers of PNG, JPEG, WebP's RIFF and GIF).
const BEGINNINGS: &[(&str, &str)] = &[
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("UklGR", "image/webp"),
    ("R0lGOD", "image/gif"),
];

/// The type of a picture, by the first letters of its base64.
#[must_use]
pub fn sniff(base64: &str) -> Option<&'static str> {
    BEGINNINGS.iter().find(|(begins, _)| base64.starts_with(begins)).map(|&(_, mime)| mime)
}

/// So many letters of a data URL or of base64 tell its type.
pub const HEAD: usize = 64;

/// The type of a data URL, and where its base64 begins, by its first letters; `None` for anything
/// else than a picture in base64.
#[must_use]
pub fn data_url(head: &str) -> Option<(&str, usize)> {
    let mime = until(head.strip_prefix("data:")?, ";,");
    let rest = from(head, "data:".len().saturating_add(mime.len()));
    let is_base64 = rest.starts_with(";base64,");
    let at = head.len().saturating_sub(rest.len()).saturating_add(";base64,".len());
    (is_base64 && mime.starts_with("image/")).then_some((mime, at))
}

/// Whether a picture may be fetched from there.
#[must_use]
pub fn is_link(text: &str) -> bool {
    text.len() <= LINK_MAX && begins_as_link(text)
}

fn begins_as_link(text: &str) -> bool {
    let scheme = bounded(text, "https://".len()).to_ascii_lowercase();
    scheme.starts_with("https://") || scheme.starts_with("http://")
}

/// Browsers and servers alike give up on longer ones.
const LINK_MAX: usize = 8 * 1024;
/// More pictures than this are in no answer.
const LINKS_MAX: usize = 8;
const ENDINGS: &[&str] = &[".png", ".jpg", ".jpeg", ".webp", ".gif"];

/// The links in a text that lead to pictures: those of Markdown's `![…](…)`, else the first that
/// ends as a picture's file does.
#[must_use]
pub fn links(text: &str) -> Vec<&str> {
    let mut shown = Vec::new();
    let mut named = None;
    let mut rest = text;
    // Whether the brackets before are those of a picture.
    let mut is_shown = false;
    while let Some((letter, after)) = first(rest) {
        if rest.starts_with("![") {
            is_shown = true;
        } else if letter == '\n' {
            is_shown = false;
        } else if letter == 'h' && begins_as_link(rest) {
            let link = until(bounded(rest, LINK_MAX), " \n\r\t\"'<>()[]{}\\`");
            let path = until(link, "?#").to_ascii_lowercase();
            if is_shown && shown.len() < LINKS_MAX && !shown.contains(&link) {
                shown.push(link);
            } else if named.is_none() && ENDINGS.iter().any(|end| path.ends_with(end)) {
                named = Some(link);
            }
            is_shown = false;
            rest = from(rest, link.len());
            continue;
        }
        rest = after;
    }
    if shown.is_empty() { named.into_iter().collect() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_by_how_they_begin() {
        assert_eq!(sniff("iVBORw0KGgoAAAA"), Some("image/png"));
        assert_eq!(sniff("/9j/4AAQ"), Some("image/jpeg"));
        assert_eq!(sniff("PCFET0NUWVBF"), None, "<!DOCTYPE");
        assert_eq!(sniff(""), None);
    }

    #[test]
    fn data_urls_are_read_by_their_head() {
        assert_eq!(data_url("data:image/png;base64,iVBO"), Some(("image/png", 22)));
        assert_eq!(data_url("data:image/jpeg;base64,/9j/"), Some(("image/jpeg", 23)));
        for none in ["data:text/html;base64,PCF", "data:image/svg+xml,<svg>", "https://h/a.png", ""]
        {
            assert_eq!(data_url(none), None, "{none}");
        }
    }

    #[test]
    fn links_are_found_in_markdown_before_prose() {
        assert_eq!(
            links(
                "Here: ![image](https://cdn.example/a?x=1&y=2) [download](https://cdn.example/b.png)"
            ),
            ["https://cdn.example/a?x=1&y=2"]
        );
        assert_eq!(
            links("see https://h/doc and https://h/a.PNG?sig=z."),
            ["https://h/a.PNG?sig=z."]
        );
        assert_eq!(
            links("![](http://h/1)\n![](http://h/2)![](http://h/1)"),
            ["http://h/1", "http://h/2"]
        );
        for none in ["", "no link", "file:///etc/passwd.png", "![x](javascript:alert)", "https:/"] {
            assert_eq!(links(none), Vec::<&str>::new(), "{none}");
        }
        for long in ["![", "h", "http://"] {
            assert!(links(&long.repeat(50_000)).len() < 2, "and quickly");
        }
    }

    #[test]
    fn only_http_is_a_link() {
        assert!(is_link("HTTPS://h/a") && is_link("http://h"));
        for bad in ["ftp://h", "file:///x", "data:image/png;base64,", "//h/a", "/a.png"] {
            assert!(!is_link(bad), "{bad}");
        }
    }
}
