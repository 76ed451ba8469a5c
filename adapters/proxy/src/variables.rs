//! The variables, and what they decide.

use std::ffi::OsString;

use crate::direct::is_direct;
use crate::proxy::{Problem, Proxy, ProxyError};

/// How the target of a request is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `http://`.
    Http,
    /// `https://`.
    Https,
}

impl Scheme {
    /// The variables of its own, the one that counts first. `HTTP_PROXY` is none of them: where a web server runs the
    /// program, a request's header `Proxy` becomes this variable (httpoxy.org). curl never reads it either.
    const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Http => &["http_proxy"],
            Self::Https => &["https_proxy", "HTTPS_PROXY"],
        }
    }
}

const FOR_ALL: [&str; 2] = ["all_proxy", "ALL_PROXY"];
const FOR_NONE: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The variables that decide about proxies, as they were when they were read. A variable that is empty is not set.
#[derive(Clone, Default)]
pub struct ProxyVariables(Vec<(&'static str, OsString)>);

impl ProxyVariables {
    /// The variables of this process: the one place that reads them.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    /// What a lookup finds.
    #[must_use]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let names = [
            Scheme::Http.variables(),
            Scheme::Https.variables(),
            &FOR_ALL,
            &FOR_NONE,
        ];
        let set = names.into_iter().flatten().filter_map(|name| {
            let value = lookup(name).filter(|value| !value.is_empty())?;
            Some((*name, value))
        });
        Self(set.collect())
    }

    /// The proxy on the way to a host; none where the variables name none, or name the host in `NO_PROXY`.
    ///
    /// # Errors
    /// [`ProxyError`] for a proxy that is named and cannot be used, unless the host is reached without it. A request
    /// must not go out directly then: somebody wanted it not to.
    pub fn proxy_for(&self, scheme: Scheme, host: &str) -> Result<Option<Proxy>, ProxyError> {
        let named = scheme.variables().iter().chain(&FOR_ALL);
        let Some((name, value)) = self.first(named) else {
            return Ok(None);
        };
        if let Some((name, list)) = self.first(&FOR_NONE) {
            let list = list
                .to_str()
                .ok_or_else(|| ProxyError::new(name, Problem::NotText))?;
            if is_direct(list, host) {
                return Ok(None);
            }
        }
        let value = value
            .to_str()
            .ok_or_else(|| ProxyError::new(name, Problem::NotText))?;
        Proxy::parse(name, value).map(Some)
    }

    fn first<'a>(
        &self,
        names: impl IntoIterator<Item = &'a &'static str>,
    ) -> Option<&(&'static str, OsString)> {
        names
            .into_iter()
            .find_map(|name| self.0.iter().find(|(set, _)| set == name))
    }
}

impl std::fmt::Debug for ProxyVariables {
    /// Names only: a value may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Set<'a> = &'a [(&'a str, &'a str)];

    fn variables(set: Set<'_>) -> ProxyVariables {
        ProxyVariables::from_lookup(|name| {
            let found = set.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    /// The proxy's host, `-` for none.
    fn of(set: Set<'_>, scheme: Scheme, host: &str) -> String {
        let proxy = variables(set).proxy_for(scheme, host).unwrap();
        proxy.map_or("-".to_owned(), |proxy| proxy.url().host_str().unwrap().to_owned())
    }

    #[test]
    fn which_variable_counts_is_as_for_curl() {
        use Scheme::{Http, Https};
        // Each line was also asked of curl 7.88.1.
        let rows: &[(Set<'_>, Scheme, &str)] = &[
            (&[], Https, "-"),
            (&[("HTTPS_PROXY", "a")], Https, "a"),
            (&[("https_proxy", "a"), ("HTTPS_PROXY", "b")], Https, "a"),
            (&[("https_proxy", ""), ("HTTPS_PROXY", "b")], Https, "b"),
            (&[("ALL_PROXY", "a")], Https, "a"),
            (&[("all_proxy", "a"), ("ALL_PROXY", "b")], Https, "a"),
            (&[("HTTPS_PROXY", "a"), ("all_proxy", "b")], Https, "a"),
            (&[("https_proxy", ""), ("all_proxy", "b")], Https, "b"),
            (&[("http_proxy", "a"), ("HTTP_PROXY", "b")], Https, "-"),
            (&[("HTTPS_PROXY", "a"), ("REQUEST_METHOD", "GET")], Https, "a"),
            (&[("http_proxy", "a")], Http, "a"),
            (&[("https_proxy", "a"), ("HTTPS_PROXY", "b")], Http, "-"),
            (&[("HTTP_PROXY", "a")], Http, "-"),
            (&[("HTTP_PROXY", "a"), ("REQUEST_METHOD", "GET")], Http, "-"),
            (&[("HTTP_PROXY", "a"), ("ALL_PROXY", "b")], Http, "b"),
            (
                &[("HTTPS_PROXY", "a"), ("no_proxy", ""), ("NO_PROXY", "h")],
                Https,
                "-",
            ),
            (
                &[("HTTPS_PROXY", "a"), ("no_proxy", "x"), ("NO_PROXY", "h")],
                Https,
                "a",
            ),
        ];
        for (set, scheme, expected) in rows {
            assert_eq!(of(set, *scheme, "h"), *expected, "{set:?} {scheme:?}");
        }
    }

    #[test]
    fn what_is_reached_without_a_proxy_is_as_for_curl() {
        const NAME: &str = "www.example.com";
        // What curl's documentation says. What is marked so, curl 7.88.1 does differently, and later versions do not.
        for (list, host, direct) in [
            ("*", NAME, true),
            ("*", "127.0.0.1", true),
            ("*", "[::1]", true),
            ("*,x", NAME, false),
            (" *", NAME, false),
            ("*.example.com", NAME, false),
            ("example.com", NAME, true),
            ("www.example.com", NAME, true),
            ("EXAMPLE.com", NAME, true),
            ("example.com", "WWW.Example.Com", true),
            (".example.com", NAME, true),
            (".example.com", "example.com", true),
            ("..example.com", NAME, false),
            ("example.com.", NAME, true),
            ("example.com", "www.example.com.", true),
            ("com", NAME, true),
            ("xample.com", NAME, false),
            ("example.com", "example.com.org", false),
            ("a.example.com", "example.com", false),
            ("example.com:443", NAME, false),
            ("a, example.com", NAME, true),
            ("a  ,\texample.com", NAME, true),
            ("a,,example.com", NAME, true),
            ("a example.com", NAME, true),
            (",", NAME, false),
            (".", NAME, false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1:443", "127.0.0.1", false),
            ("127.0.0.0/8", "127.1.2.3", true),
            ("127.0.0.1/32", "127.0.0.1", true),
            ("127.0.0.1/33", "127.0.0.1", false),
            ("0.0.1", "127.0.0.1", false),
            ("localhost", "127.0.0.1", false),
            ("10.0.0.0/8", "internal", false),
            ("::1", "[::1]", true),
            ("::1", "::1", true),
            ("[::1]", "[::1]", false),
            ("[::1]:443", "[::1]", false),
            ("0:0:0:0:0:0:0:1", "[::1]", true), // so
            ("::/64", "[::1]", true),           // so
            ("::1/129", "[::1]", false),
            ("fd00::/8", "[fd12::1]", true), // so
            ("fd00::/8", "[fe80::1]", false),
            ("0.0.0.0/0", "127.0.0.1", true), // so
        ] {
            let set = [("HTTPS_PROXY", "proxy"), ("NO_PROXY", list)];
            let found = of(&set, Scheme::Https, host);
            assert_eq!(found == "-", direct, "{list:?} {host}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_only_where_it_would_be_used() {
        let set = variables(&[
            ("https_proxy", "socks5://me:hunter2@proxy"),
            ("NO_PROXY", "near.example"),
        ]);
        let error = set.proxy_for(Scheme::Https, "far.example").unwrap_err();
        assert_eq!((error.name(), error.problem()), ("https_proxy", Problem::Socks));
        assert_eq!(set.proxy_for(Scheme::Https, "near.example"), Ok(None));
        assert_eq!(set.proxy_for(Scheme::Http, "far.example"), Ok(None));
        assert!(!format!("{set:?}").contains("hunter2"));
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_text_is_an_error_that_names_it() {
        use std::os::unix::ffi::OsStringExt as _;
        for name in ["HTTPS_PROXY", "NO_PROXY"] {
            let set = ProxyVariables::from_lookup(|asked| match asked {
                asked if asked == name => Some(OsString::from_vec(vec![0xff])),
                "ALL_PROXY" => Some("proxy".into()),
                _ => None,
            });
            let error = set.proxy_for(Scheme::Https, "h").unwrap_err();
            assert_eq!((error.name(), error.problem()), (name, Problem::NotText));
        }
    }
}
