//! Pictures in foreign answers: their types, data URLs, links.

use crate::base::slice::{after_last, bounded, first, from, until};

/// How files of each type begin, in base64; `?` is any letter.
const BEGINNINGS: &[(&str, &str)] = &[
    // ISO/IEC 15948: a signature of eight bytes.
    ("iVBORw0KGgo", "image/png"),
    // ITU-T T.81: the marker SOI and the next one; then in the other alphabet.
    ("/9j/", "image/jpeg"),
    ("_9j_", "image/jpeg"),
    // RFC 9649: `RIFF`, a length, `WEBP`.
    ("UklGR??????XRUJQ", "image/webp"),
    // The GIF89a specification: `GIF8`.
    ("R0lGOD", "image/gif"),
    // ISO/IEC 23000-22 and 23008-12: a length, `ftyp`, then the brands `avif` and `avis`; `heic`,
    // `heix` and `hevc`; `mif1`.
    ("??????Z0eXBhdml", "image/avif"),
    ("??????Z0eXBoZ", "image/heic"),
    ("??????Z0eXBtaWYx", "image/heif"),
];

/// The type of a picture by the first letters of its base64, which decide; what they leave open is
/// what is said of it. Markup is no picture, whatever is said.
#[must_use]
pub fn picture<'a>(base64: &str, said: Option<&'a str>) -> Option<&'a str> {
    let begins = |pattern: &str| {
        let is_it = |(want, letter): (u8, u8)| want == b'?' || want == letter;
        base64.len() >= pattern.len() && pattern.bytes().zip(base64.bytes()).all(is_it)
    };
    if let Some((_, mime)) = BEGINNINGS.iter().find(|(pattern, _)| begins(pattern)) {
        return Some(mime);
    }
    // A `<`, after a byte order mark or without.
    let text = base64.strip_prefix("77u/").unwrap_or(base64).as_bytes();
    let is_markup = matches!(text, [b'P', b'A'..=b'P', ..]);
    said.filter(|mime| !is_markup && mime.starts_with("image/") && !mime.starts_with("image/svg"))
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
/// ends as a picture's file does, else the first `[…](…)` that is called a picture: its bytes tell
/// what it is.
#[must_use]
pub fn links(text: &str) -> Vec<&str> {
    let mut shown = Vec::new();
    let mut named = None;
    let mut linked = None;
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
            } else if linked.is_none()
                && is_labelled(bounded(text, text.len().saturating_sub(rest.len())))
            {
                linked = Some(link);
            }
            is_shown = false;
            rest = from(rest, link.len());
            continue;
        }
        rest = after;
    }
    if shown.is_empty() { named.or(linked).into_iter().collect() } else { shown }
}

/// Markdown's labels of a picture, `[…](…)`, in lower case.
const LABELS: [&str; 7] = ["image", "picture", "photo", "img", "download", "图", "下载"];

/// Whether a text ends where the link of a picture begins, by what it is called.
fn is_labelled(before: &str) -> bool {
    let label = before.strip_suffix("](").map(|text| after_last(text, "[").unwrap_or(""));
    let label = label.filter(|label| label.len() <= 80).map(str::to_ascii_lowercase);
    label.is_some_and(|label| LABELS.iter().any(|name| label.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_by_how_they_begin() {
        for (base64, mime) in [
            ("iVBORw0KGgoAAAA", "image/png"),
            ("iVBORw0KGgo", "image/png"),
            ("/9j/4AAQ", "image/jpeg"),
            ("_9j_4AAQ", "image/jpeg"),
            ("UklGRiQAAABXRUJQVlA4", "image/webp"),
            ("R0lGODlhAQAB", "image/gif"),
            ("AAAAHGZ0eXBhdmlmAAAA", "image/avif"),
            ("AAAAHGZ0eXBhdmlzAAAA", "image/avif"),
            ("AAAAGGZ0eXBoZWljAAAA", "image/heic"),
            ("AAAAGGZ0eXBoZXZjAAAA", "image/heic"),
            ("AAAAGGZ0eXBtaWYxAAAA", "image/heif"),
        ] {
            for said in [None, Some("image/png"), Some("text/html"), Some("image/svg+xml")] {
                assert_eq!(picture(base64, said), Some(mime), "{base64}");
            }
        }
    }

    #[test]
    fn what_is_said_counts_where_the_bytes_leave_it_open() {
        assert_eq!(picture("AAAA", Some("image/jxl")), Some("image/jxl"));
        // A sound in the same container as WebP.
        assert_eq!(picture("UklGRiQAAABXQVZFZm10", None), None);
        for (base64, said) in [
            ("PCFET0NUWVBF", "image/png"),
            ("77u/PHN2ZyB4", "image/png"),
            ("AAAA", "image/svg+xml"),
            ("AAAA", "text/plain"),
            ("", "IMAGE/PNG"),
        ] {
            assert_eq!(picture(base64, Some(said)), None, "{base64}");
            assert_eq!(picture(base64, None), None, "{base64}");
        }
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
        assert_eq!(links("[Download image](https://h/f/1)"), ["https://h/f/1"]);
        assert_eq!(links("[policy](https://h/p) [image](https://h/i)"), ["https://h/i"]);
        for none in [
            "",
            "no link",
            "[the policy](https://h/policy)",
            "file:///etc/passwd.png",
            "![x](javascript:alert)",
            "https:/",
        ] {
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
