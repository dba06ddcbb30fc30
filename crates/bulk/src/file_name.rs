//! Names of files that are safe on every system, made from prompts and from what callers give.

/// Longer names of a picture's subject are cut, in bytes; the file systems take 255.
const SLUG_MAX: usize = 60;
/// Longer parts of a path of the caller's are cut, in bytes: numbers and endings come behind.
const PART_MAX: usize = 180;
/// The most bytes of a part with those: more no file system takes.
const NAME_MAX: usize = 255;
/// Longer paths of the caller's are cut, in bytes: macOS takes 1,024 with the folder in front.
const PATH_MAX: usize = 600;
/// Names that Windows keeps for devices, with any ending.
const RESERVED: &[&str] = &["con", "prn", "aux", "nul"];
const NUMBERED: &[&str] = &["com", "lpt"];

/// The first words of a prompt as a name: letters and digits of any script in lower case, one
/// hyphen for all else. Empty where there are none.
#[must_use]
pub fn slug(prompt: &str) -> String {
    let mut slug = String::new();
    let mut gap = false;
    for char in prompt.chars() {
        if !char.is_alphanumeric() {
            gap = !slug.is_empty();
            continue;
        }
        let width = char.len_utf8().saturating_add(usize::from(gap));
        if slug.len().saturating_add(width) > SLUG_MAX {
            break;
        }
        if gap {
            slug.push('-');
            gap = false;
        }
        slug.extend(char.to_lowercase());
    }
    slug
}

/// The default name of an item's picture: its number from 1 and the first words of its prompt.
#[must_use]
pub fn of_item(index: u64, prompt: &str) -> String {
    let number = index.saturating_add(1);
    let slug = slug(prompt);
    if slug.is_empty() { format!("{number:04}") } else { format!("{number:04}-{slug}") }
}

/// A caller's name as a path below the folder: whatever would lead out of it, or is no name on some
/// system, is made harmless. Empty where nothing is left.
#[must_use]
pub fn safe(given: &str) -> String {
    let parts = given.split(['/', '\\']).map(|part| safe_part(part, PART_MAX));
    let mut path = String::new();
    for part in parts.filter(|part| !part.is_empty()) {
        if path.len().saturating_add(part.len()) >= PATH_MAX {
            break;
        }
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(&part);
    }
    path
}

/// Whether this may be the final name of a picture of a batch: harmless, below the folder, and with
/// the ending of a picture. A name in a journal may have been written by anybody.
#[must_use]
pub fn is_own(name: &str) -> bool {
    let is_safe = |part: &str| !part.is_empty() && safe_part(part, NAME_MAX) == part;
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    name.len() <= PATH_MAX.saturating_add(NAME_MAX)
        && !name.contains('\\')
        && name.split('/').all(is_safe)
        && TYPES.iter().any(|row| ending == Some(row.1))
}

/// Whether this is a name as [`temporary`] makes it.
#[must_use]
pub fn is_temporary(name: &str) -> bool {
    let inner = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".part"));
    inner.and_then(|inner| inner.split_once('-')).is_some_and(|(hash, number)| {
        let is_hash = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        hash.len() == 16
            && hash.bytes().all(is_hash)
            && (1..=20).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn safe_part(given: &str, most: usize) -> String {
    let mut part = String::new();
    for char in given.chars() {
        let harmless = match char {
            '<' | '>' | ':' | '"' | '|' | '?' | '*' => '-',
            char if char.is_control() => '-',
            char => char,
        };
        if part.len().saturating_add(harmless.len_utf8()) > most {
            break;
        }
        part.push(harmless);
    }
    // A dot in front hides a file or leads upwards; Windows drops dots and blanks at the end.
    let part = part.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    let stem = part.split('.').next().unwrap_or_default().to_lowercase();
    let is_device = |name: &&str| {
        stem.strip_prefix(*name).is_some_and(|rest| {
            rest.len() == 1 && rest.bytes().all(|byte| matches!(byte, b'1'..=b'9'))
        })
    };
    let is_reserved = RESERVED.contains(&stem.as_str()) || NUMBERED.iter().any(is_device);
    if is_reserved { format!("_{part}") } else { part.to_owned() }
}

/// Types of pictures and their endings.
const TYPES: &[(&str, &str)] = &[
    ("image/png", "png"),
    // The type that Gemini's models make where no other is asked for.
    ("image/jpeg", "jpg"),
    ("image/webp", "webp"),
    ("image/gif", "gif"),
    ("image/avif", "avif"),
    ("image/heic", "heic"),
    ("image/heif", "heif"),
];

/// The ending for a type of picture.
#[must_use]
pub fn ending(mime: &str) -> &'static str {
    TYPES.iter().find(|row| row.0 == mime).map_or("jpg", |row| row.1)
}

/// The type of a picture by the ending of its name.
#[must_use]
pub fn mime(name: &str) -> &'static str {
    let ending = name.rsplit('.').next().unwrap_or_default();
    TYPES.iter().find(|row| row.1 == ending).map_or("image/jpeg", |row| row.0)
}

/// The name that a file has until it is complete: the same for the same item, so that what a killed
/// run left is written over, and hidden where a dot hides.
#[must_use]
pub fn temporary(key: &str, number: u64) -> String {
    // FNV-1a, 64 bits: for a million items the chance of a clash is 3 in 10⁸.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in key.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!(".{hash:016x}-{number}.part")
}

/// The name of a file: of several pictures of an item each gets a number.
#[must_use]
pub fn numbered(base: &str, picture: u64, pictures: u64, mime: &str) -> String {
    let ending = ending(mime);
    if pictures > 1 {
        format!("{base}-{}.{ending}", picture.saturating_add(1))
    } else {
        format!("{base}.{ending}")
    }
}

/// The name to try where `name` and so many after it are taken.
#[must_use]
pub fn beside(name: &str, clashes: u64) -> String {
    let number = clashes.saturating_add(1);
    match name.rsplit_once('.') {
        Some((base, ending)) => format!("{base} ({number}).{ending}"),
        None => format!("{name} ({number})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_become_short_plain_names() {
        assert_eq!(slug("  A red Fox, jumping!  "), "a-red-fox-jumping");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("日本の狐"), "日本の狐");
        assert_eq!(slug("!?"), "");
        assert_eq!(slug(&"long ".repeat(99)).len(), 59);
        assert_eq!(of_item(0, "con"), "0001-con");
        assert_eq!(of_item(12_344, "…"), "12345");
    }

    #[test]
    fn pictures_and_clashes_are_numbered() {
        assert_eq!(numbered("a", 0, 1, "image/png"), "a.png");
        assert_eq!(numbered("a", 1, 2, "image/jpeg"), "a-2.jpg");
        assert_eq!(beside("a.b.webp", 2), "a.b (3).webp");
        assert_eq!(mime("a.b (3).webp"), "image/webp");
        assert_eq!(temporary("a", 0), ".af63dc4c8601ec8c-0.part");
    }

    #[test]
    fn no_name_of_a_caller_leads_out_of_the_folder() {
        assert_eq!(safe("../../a/./b"), "a/b");
        assert_eq!(safe("/etc/passwd"), "etc/passwd");
        assert_eq!(safe("C:\\x"), "C-/x");
        assert_eq!(safe("nul.txt/COM1/lpt"), "_nul.txt/_COM1/lpt");
        assert_eq!(safe("a\0b. "), "a-b");
        assert_eq!(safe(".."), "");
        assert_eq!(safe(&"é".repeat(200)).len(), 180);
        assert_eq!(safe(&"abcd/".repeat(999)).len(), 599);
    }

    #[test]
    fn what_a_journal_names_is_of_our_own_form() {
        let given = ["a", "b/c.d", "con", "nul.txt", "../..", "é\0\u{7f}\u{9b}", "x:y ", "日本/狐"];
        let long = ["a".repeat(999), "é/".repeat(999)];
        for base in given.into_iter().chain(long.iter().map(String::as_str)).map(safe) {
            for (mime, pictures) in [("image/png", 1), ("image/webp", 12), ("text/html", 2)] {
                let name =
                    numbered(if base.is_empty() { "0001" } else { &base }, 11, pictures, mime);
                assert!(is_own(&name), "{name}");
                assert!(is_own(&beside(&name, 99_999)), "{name}");
            }
        }
        assert!(is_own(&numbered(&of_item(7, "A red İ"), 0, 1, "image/png")));
        let long = ["a".repeat(256), "a/".repeat(999)].map(|long| format!("{long}.png"));
        let strange = ["", "a", ".png", "a/.png", "../a.png", "/a.png", "a//b.png", "a/../b.png"];
        let foreign = ["a\\b.png", "C:a.png", "a\0.png", "a\n.png", "con.png", "a.png.", "a.exe"];
        let long = long.iter().map(String::as_str);
        for name in strange.into_iter().chain(foreign).chain(long) {
            assert!(!is_own(name), "{name}");
        }
        assert!(is_temporary(&temporary("a", 0)) && is_temporary(&temporary("", u64::MAX)));
        let strange =
            ["", "../victim", ".part", ".af63dc4c8601ec8c-.part", "af63dc4c8601ec8c-0.part"];
        let foreign =
            [".af63dc4c8601ec8-0.part", ".AF63DC4C8601EC8C-0.part", ".af63dc4c8601ec8c-../0.part"];
        for name in strange.into_iter().chain(foreign) {
            assert!(!is_temporary(name), "{name}");
        }
    }
}
