//! A proxy, as a variable names it, and what can be wrong with that.

use std::fmt;

use kompox_domain::{Error, ErrorKind};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

/// A proxy that every client of ours can use.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Url);

impl Proxy {
    /// Reads what a variable, or a field of that name, holds.
    ///
    /// The forms are curl's: `http://` where there is no scheme, a user and a password percent-encoded, a path that
    /// says nothing. Without a port it is the scheme's own (80 or 443), as for kubectl and az; curl takes 1080.
    ///
    /// # Errors
    /// [`ProxyError`] for what no client of ours can use. It names `name`, and quotes nothing of the value.
    pub fn parse(name: &str, value: &str) -> Result<Self, ProxyError> {
        read(value).map(Self).map_err(|problem| ProxyError {
            name: name.to_owned(),
            problem,
        })
    }

    /// The address, with user and password, percent-encoded. For a client, and for nobody's eyes.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = (self.0.host_str(), self.0.port_or_known_default());
        let scheme = self.0.scheme();
        write!(
            f,
            "Proxy({scheme}://{}:{})",
            host.unwrap_or_default(),
            port.unwrap_or_default()
        )
    }
}

/// A proxy that is named and cannot be used. Its text names the variable, never the value: that may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} cannot be used: {problem}")]
pub struct ProxyError {
    name: String,
    problem: Problem,
}

impl ProxyError {
    pub(crate) fn new(name: &str, problem: Problem) -> Self {
        Self {
            name: name.to_owned(),
            problem,
        }
    }

    /// The variable, or the field.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong with its value.
    #[must_use]
    pub const fn problem(&self) -> Problem {
        self.problem
    }

    /// What a user can do about it.
    pub const HINT: &str = "give http://host:port or https://host:port, user and password percent-encoded (a space is %20, @ \
        is %40); or unset it, or name the host in NO_PROXY";
}

/// What is wrong with the value of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not UTF-8.
    #[error("its value is not valid UTF-8")]
    NotText,
    /// White space or a control character, most often in a password.
    #[error("its value contains white space or a control character")]
    Blank,
    /// `socks5://` and its kin.
    #[error("it names a SOCKS proxy, and those are not supported")]
    Socks,
    /// Any other scheme.
    #[error("it begins neither with http:// nor with https://")]
    Scheme,
    /// What stands before the host.
    #[error("its user or password is not percent-encoded")]
    User,
    /// No host and port.
    #[error("its value is not of the form http://host:port")]
    Address,
}

impl From<ProxyError> for Error {
    fn from(error: ProxyError) -> Self {
        Self::new(ErrorKind::InvalidInput, error.to_string()).with_hint(ProxyError::HINT)
    }
}

fn read(value: &str) -> Result<Url, Problem> {
    if value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Problem::Blank);
    }
    let (scheme, rest) = match value.split_once("://") {
        Some((scheme, rest)) => (known(scheme)?, rest),
        // `http//host` is a slip of the pen, no host of the name http.
        None if value.strip_suffix('/').unwrap_or(value).contains('/') => return Err(Problem::Address),
        None => ("http", value),
    };
    let (authority, path) = match rest.find(['/', '?', '#', '\\']) {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    if path.contains('@') {
        // A password with one of these characters in it: what comes before would be taken for the host.
        return Err(Problem::User);
    }
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (encoded(user)?, host),
        None => (String::new(), authority),
    };
    Url::parse(&format!("{scheme}://{user}{host}/")).map_err(|_| Problem::Address)
}

fn known(scheme: &str) -> Result<&'static str, Problem> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Ok("http"),
        "https" => Ok("https"),
        "socks" | "socks4" | "socks4a" | "socks5" | "socks5h" => Err(Problem::Socks),
        _ => Err(Problem::Scheme),
    }
}

/// User and password, encoded anew, so that every client reads the same in them.
fn encoded(user: &str) -> Result<String, Problem> {
    let once = |text: &str| {
        let plain = percent_decode_str(text)
            .decode_utf8()
            .map_err(|_| Problem::User)?;
        Ok(utf8_percent_encode(&plain, NON_ALPHANUMERIC).to_string())
    };
    if user.contains('@') {
        return Err(Problem::User);
    }
    Ok(match user.split_once(':') {
        Some((user, password)) => format!("{}:{}@", once(user)?, once(password)?),
        None if user.is_empty() => String::new(),
        None => format!("{}@", once(user)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_curl_reads_it() {
        for (value, expected) in [
            ("http://proxy:3128", "http://proxy:3128/"),
            ("HTTP://proxy:3128", "http://proxy:3128/"),
            ("proxy:3128", "http://proxy:3128/"),
            ("proxy", "http://proxy/"),
            ("proxy/", "http://proxy/"),
            ("https://proxy", "https://proxy/"),
            ("https://proxy:443/any/path?q", "https://proxy/"),
            ("http://10.0.0.1:8080/", "http://10.0.0.1:8080/"),
            ("http://[::1]:9", "http://[::1]:9/"),
            ("[::1]:9", "http://[::1]:9/"),
            ("me:hunter2@proxy:3128", "http://me:hunter2@proxy:3128/"),
            ("http://me@proxy", "http://me@proxy/"),
            ("http://me:@proxy", "http://me:@proxy/"),
            ("http://@proxy", "http://proxy/"),
            (
                "http://me:p%40ss:w%2Frd@proxy",
                "http://me:p%40ss%3Aw%2Frd@proxy/",
            ),
            ("http://me:grün@proxy", "http://me:gr%C3%BCn@proxy/"),
        ] {
            let proxy = Proxy::parse("HTTPS_PROXY", value).unwrap();
            // An empty password says no more than none.
            let expected = Url::parse(expected).unwrap();
            assert_eq!(proxy.url(), &expected, "{value}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_an_error_that_names_the_variable_and_quotes_nothing() {
        use Problem as P;
        for (value, problem) in [
            ("socks://hunter2:1080", P::Socks),
            ("socks4://hunter2:1080", P::Socks),
            ("socks4a://hunter2:1080", P::Socks),
            ("socks5://me:hunter2@proxy:1080", P::Socks),
            ("SOCKS5H://me:hunter2@proxy:1080", P::Socks),
            ("ftp://me:hunter2@proxy:1", P::Scheme),
            ("://hunter2", P::Scheme),
            ("me:x://hunter2@proxy", P::Scheme),
            ("http//hunter2", P::Address),
            ("http:/hunter2", P::Address),
            ("http:hunter2:3128", P::Address),
            ("http://", P::Address),
            (":9", P::Address),
            ("http://hunter2:99999", P::Address),
            ("http://hunter2:x", P::Address),
            ("http://me:hun/ter2@proxy", P::User),
            ("http://me:1?hunter2@proxy", P::User),
            ("http://me:1#hunter2@proxy", P::User),
            ("http://me:1\\hunter2@proxy", P::User),
            ("http://me:hun@ter2@proxy", P::User),
            ("http://me:hunter2%ff@proxy", P::User),
            ("http://me:hunter 2@proxy:9", P::Blank),
            (" http://hunter2:9", P::Blank),
            ("http://hunter2:9\n", P::Blank),
            ("http://me:hunter2\u{1b}@proxy", P::Blank),
            ("http://hun<ter2", P::Address),
        ] {
            let error = Proxy::parse("ALL_PROXY", value).unwrap_err();
            assert_eq!(error.problem(), problem, "{value}");
            let told = Error::from(error.clone());
            let all = format!("{error} {error:?} {told:?} {:?}", told.hints());
            assert!(all.contains("ALL_PROXY") && !all.contains("hun"), "{all}");
            assert_eq!(told.kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn a_proxy_is_shown_without_its_user() {
        let proxy = Proxy::parse("HTTPS_PROXY", "http://me:hunter2@proxy").unwrap();
        assert_eq!(format!("{proxy:?}"), "Proxy(http://proxy:80)");
    }
}
