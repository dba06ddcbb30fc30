//! Addresses that somebody else's answer names: which may be asked, and which redirects may be
//! followed. An address is given as its origin, as URLs are normalised: `https://10.0.0.1:8080`,
//! `http://[::1]`.

use crate::base::slice::{
    begins, bounded, digits, ends, from, integer, last, skip, skip_back, until,
};
use crate::base::text::contains;

/// Redirects that are followed, one after the other.
const HOPS_MAX: u32 = 5;

/// A network by its first bits: of an IPv4 address all 32, of an IPv6 address the first 32.
struct Network {
    start: u32,
    bits: u32,
}

/// The source is for the reader, and does not reach the wasm.
const fn net(start: u32, bits: u32, source: &'static str) -> Network {
    let _ = source;
    Network { start, bits }
}

/// IPv4 networks that are not of the Internet (IANA's registry of special-purpose addresses).
const V4: &[Network] = &[
    net(0x0000_0000, 8, "RFC 791: this network, 0.0.0.0/8"),
    net(0x0a00_0000, 8, "RFC 1918: private, 10.0.0.0/8"),
    net(0x6440_0000, 10, "RFC 6598: behind a carrier's NAT, 100.64.0.0/10"),
    net(0x7f00_0000, 8, "RFC 1122: loopback, 127.0.0.0/8"),
    net(0xa9fe_0000, 16, "RFC 3927: link-local, and clouds' metadata, 169.254.0.0/16"),
    net(0xac10_0000, 12, "RFC 1918: private, 172.16.0.0/12"),
    net(0xc000_0000, 24, "RFC 6890: protocol assignments, 192.0.0.0/24"),
    net(0xc000_0200, 24, "RFC 5737: documentation, 192.0.2.0/24"),
    net(0xc0a8_0000, 16, "RFC 1918: private, 192.168.0.0/16"),
    net(0xc612_0000, 15, "RFC 2544: benchmarks, 198.18.0.0/15"),
    net(0xc633_6400, 24, "RFC 5737: documentation, 198.51.100.0/24"),
    net(0xcb00_7100, 24, "RFC 5737: documentation, 203.0.113.0/24"),
    net(0xe000_0000, 3, "RFC 1112: multicast, reserved, broadcast, 224.0.0.0/3"),
];

/// The one part of IPv6 that is of the Internet; loopback, unique-local, link-local, multicast and
/// mapped addresses lie outside (RFC 4291).
const GLOBAL: Network = net(0x2000_0000, 3, "RFC 3587: global unicast, 2000::/3");

/// Networks in [`GLOBAL`] that are not (IANA's registry of special-purpose addresses).
const V6: &[Network] = &[
    net(0x2001_0000, 23, "RFC 2928: protocol assignments, Teredo, 2001::/23"),
    net(0x2001_0db8, 32, "RFC 3849: documentation, 2001:db8::/32"),
    net(0x2002_0000, 16, "RFC 7526: 6to4, which holds an IPv4 address, 2002::/16"),
    net(0x3fff_0000, 20, "RFC 9637: documentation, 3fff::/20"),
];

/// The prefix before the IPv4 address where a network translates (RFC 6052).
const TRANSLATED: &str = "64:ff9b::";

/// Ends of names that are of this machine or its network: RFC 6761, RFC 6762 (multicast DNS),
/// ICANN's choice of 2024 for private use (clouds' metadata among it), RFC 8375.
const NAMES: [&str; 4] = ["localhost", "local", "internal", "home.arpa"];

fn is_in(networks: &[Network], address: u32) -> bool {
    networks.iter().any(|network| {
        let rest = 32_u32.saturating_sub(network.bits);
        address.wrapping_shr(rest) == network.start.wrapping_shr(rest)
    })
}

/// Whether this is a name or address of this machine or of a network that is not the Internet. It
/// is the host of an address, with brackets or without, or what a name was resolved to.
fn is_private(host: &str) -> bool {
    let host = skip_back(host, ".");
    let inner = skip(host, "[");
    if contains(inner, ":") {
        return is_private_v6(until(inner, "%]"));
    }
    if let Some(address) = v4(host) {
        return is_in(V4, address);
    }
    NAMES.into_iter().any(|name| {
        let end = last(host, name.len());
        let before = host.len().saturating_sub(name.len());
        end.eq_ignore_ascii_case(name) && (before == 0 || ends(bounded(host, before), "."))
    })
}

/// The address that four numbers are.
fn v4(host: &str) -> Option<u32> {
    let mut address = 0_u32;
    let mut rest = host;
    for place in 0..4 {
        if place > 0 {
            rest = rest.strip_prefix('.')?;
        }
        let (number, after) = digits(rest);
        let number = integer(number).and_then(|number| u8::try_from(number).ok())?;
        address = address.wrapping_shl(8) | u32::from(number);
        rest = after;
    }
    rest.is_empty().then_some(address)
}

fn is_private_v6(address: &str) -> bool {
    if let Some(low) = address.strip_prefix(TRANSLATED) {
        return groups(low).is_none_or(|low| is_in(V4, low));
    }
    // Two groups say which network it is; what is left out are zeros.
    groups(address).is_none_or(|high| !is_in(&[GLOBAL], high) || is_in(V6, high))
}

/// The number that the first two groups of hexadecimal digits are, or the only one.
fn groups(text: &str) -> Option<u32> {
    let (mut number, mut group, mut colons) = (0_u32, 0_u32, 0_u32);
    for byte in text.bytes() {
        if byte == b':' {
            colons = colons.saturating_add(1);
            if colons > 1 {
                break;
            }
            number = group.wrapping_shl(16);
            group = 0;
        } else {
            group = group.wrapping_shl(4) | char::from(byte).to_digit(16)?;
        }
    }
    Some(number | group)
}

/// The host of an origin.
fn host(origin: &str) -> &str {
    let host = skip(from(origin, until(origin, ":").len()), ":/");
    if begins(host, "[") { until(host, "]") } else { until(host, ":") }
}

/// Whether the service at `home` may lead to `to`: to its own host, to the Internet, and where it
/// is itself of this machine or its network, to anywhere.
fn is_near(home: &str, to: &str) -> bool {
    host(home) == host(to) || is_private(host(home))
}

/// Whether an address may be asked that the service at `home` leads to, after so many redirects,
/// the last of which was at `by`.
#[must_use]
pub fn may_follow(home: &str, by: &str, to: &str, hops: u32) -> bool {
    let is_worse = by.starts_with("https:") && !to.starts_with("https:");
    hops <= HOPS_MAX && !is_worse && (is_near(home, to) || !is_private(host(to)))
}

/// Whether an answer of this status is no answer but leads elsewhere.
#[must_use]
pub const fn is_redirect(status: u16) -> bool {
    matches!(status, 300..=399)
}

/// The origin of an address, which is all that is told of it: the rest may hold secrets. `None` for
/// one that is relative, or names who asks.
#[must_use]
pub fn origin(address: &str) -> Option<&str> {
    let scheme = until(address, "/");
    let rest = from(address, scheme.len()).strip_prefix("//")?;
    let place = until(rest, "/?#\\").len();
    let end = scheme.len().saturating_add(2).saturating_add(place);
    Some(bounded(address, end)).filter(|origin| place > 0 && !contains(origin, "@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_the_internet_is_private() {
        for host in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:7f00:1]",
            "[::ffff:808:808]",
            "::ffff:127.0.0.1",
            "[::7f00:1]",
            "[fc00::1]",
            "[fdff:ffff::1]",
            "[fe80::1]",
            "fe80::1%eth0",
            "[fec0::1]",
            "[ff02::1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::a00:1]",
            "[64:ff9b::1]",
            "[64:ff9b:1::1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[3fff::1]",
            "[no:address]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "printer.local",
            "metadata.google.internal",
            "nas.home.arpa",
        ] {
            assert!(is_private(host), "{host}");
        }
    }

    #[test]
    fn what_is_of_the_internet_is_not() {
        for host in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "169.253.0.1",
            "192.169.0.1",
            "223.255.255.255",
            "[2606:4700::1111]",
            "2a00:1450:4001:82a::200e",
            "[2001:4860:4860::8888]",
            "[2003::1]",
            "[64:ff9b::808:808]",
            "cdn.example",
            "notlocalhost",
            "localhost.example",
            "internal.example",
            "256.0.0.1",
            "10.0.0",
        ] {
            assert!(!is_private(host), "{host}");
        }
    }

    #[test]
    fn a_service_leads_to_itself_and_to_the_internet() {
        let relay = "https://relay.example";
        assert!(may_follow(relay, relay, "https://cdn.example", 0));
        assert!(may_follow(relay, relay, "https://relay.example:8443", 0));
        for near in ["https://127.0.0.1", "https://[::1]:80", "https://localhost:3000"] {
            assert!(!may_follow(relay, relay, near, 0), "{near}");
            assert!(may_follow("http://localhost:1", "http://localhost:1", near, 0), "{near}");
            assert!(may_follow("http://[fd00::1]", "http://[fd00::1]", near, 0), "{near}");
        }
        assert!(!is_near(relay, "https://cdn.example") && is_near(relay, "http://relay.example"));
    }

    #[test]
    fn redirects_end_and_do_not_get_worse() {
        let (a, b) = ("https://a.example", "http://b.example");
        assert!(!may_follow(a, a, b, 1) && may_follow(a, b, a, 1) && may_follow(b, b, b, 1));
        assert!(may_follow(a, a, a, HOPS_MAX) && !may_follow(a, a, a, HOPS_MAX + 1));
        assert!(is_redirect(300) && is_redirect(399) && !is_redirect(200) && !is_redirect(400));
    }

    #[test]
    fn of_an_address_the_origin_is_told() {
        assert_eq!(origin("https://h.example:8/a?key=b#c"), Some("https://h.example:8"));
        assert_eq!(origin("https://h.example?key=b"), Some("https://h.example"));
        assert_eq!(origin("//h.example/a"), Some("//h.example"));
        for none in ["/a", "a", "?x=a", "", "https:", "https://", "https://me:secret@h.example/"] {
            assert_eq!(origin(none), None, "{none}");
        }
    }
}
