//! `NO_PROXY`: what is reached without a proxy.
//!
//! The rules are curl's (curl.se/libcurl/c/CURLOPT_NOPROXY.html): `*` alone means everything; a name means itself and
//! what is below it; an address means itself, and with `/bits` its network. An address of IPv6 stands there without
//! brackets, and no entry has a port: curl matches neither, and so do we.

use std::net::IpAddr;

use ipnet::IpNet;

/// Whether a list names a host. The host may be in brackets, as in a URL.
pub(crate) fn is_direct(list: &str, host: &str) -> bool {
    if list == "*" {
        return true;
    }
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    // Older versions of curl take blanks for commas; whoever relies on that means it.
    let entries = list.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
    match host.parse::<IpAddr>() {
        Ok(address) => entries.into_iter().any(|entry| holds(entry, address)),
        Err(_) => entries.into_iter().any(|entry| is_within(host, entry)),
    }
}

fn holds(entry: &str, address: IpAddr) -> bool {
    match entry.parse::<IpAddr>() {
        Ok(one) => one == address,
        Err(_) => entry
            .parse::<IpNet>()
            .is_ok_and(|network| network.contains(&address)),
    }
}

/// Whether a host is a domain or below it. One dot before or behind the domain says nothing more.
fn is_within(host: &str, domain: &str) -> bool {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let domain = domain.strip_prefix('.').unwrap_or(domain).to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    !domain.is_empty()
        && host
            .strip_suffix(&domain)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
}
