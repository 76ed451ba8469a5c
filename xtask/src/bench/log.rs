//! The embedded Azure's log of requests, and what can be read off it.

use serde::Deserialize;

/// What was asked during one command.
#[derive(Debug, Deserialize)]
pub(crate) struct Log {
    /// When the log's clock began, in milliseconds since 1970.
    pub(crate) zero: f64,
    /// In the order of arrival.
    pub(crate) requests: Vec<Request>,
}

/// One request; the times are milliseconds of the log's clock.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    /// None where there was no answer.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    pub(crate) started: f64,
    pub(crate) ended: Option<f64>,
    pub(crate) kind: Kind,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    Token,
    Poll,
    Read,
    ListPage,
    Write,
}

/// The longest chain of requests of which each began after the one before had ended.
pub(crate) fn chain(requests: &[Request], counted: impl Fn(Kind) -> bool) -> usize {
    let requests: Vec<&Request> = requests.iter().filter(|request| counted(request.kind)).collect();
    let mut depths: Vec<usize> = Vec::new();
    for request in &requests {
        let before = requests
            .iter()
            .zip(&depths)
            .filter(|(earlier, _)| earlier.ended.is_some_and(|ended| ended <= request.started))
            .map(|(_, depth)| *depth)
            .max()
            .unwrap_or(0);
        depths.push(before + 1);
    }
    depths.into_iter().max().unwrap_or(0)
}

/// How the end of an operation was noticed; milliseconds of the log's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Noticed {
    /// When the operation ended.
    pub(crate) end: f64,
    /// The first moment after that at which the server allowed another look.
    pub(crate) allowed: f64,
    /// How often was looked, with the look that saw the end.
    pub(crate) looks: usize,
}

/// Follows an operation that the log's only PUT started. It lasted `duration`, and every answer asked to wait for
/// `retry_after` before the next look.
pub(crate) fn noticed(requests: &[Request], duration: f64, retry_after: f64) -> Option<Noticed> {
    let put = requests.iter().find(|request| request.method == "PUT")?;
    let mut answered = put.ended?;
    let end = answered + duration;
    let first = answered;
    let after = requests.iter().filter(|request| request.started >= first);
    for (look, looks) in after.zip(1..) {
        let ended = look.ended?;
        if ended >= end {
            let allowed = answered + retry_after;
            return Some(Noticed { end, allowed, looks });
        }
        answered = ended;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, kind: Kind, started: f64, ended: f64) -> Request {
        Request {
            method: method.to_owned(),
            path: "/".to_owned(),
            status: Some(200),
            started,
            ended: Some(ended),
            kind,
        }
    }

    #[test]
    fn requests_at_the_same_time_are_one_link() {
        let requests = [
            request("POST", Kind::Token, 0.0, 50.0),
            request("GET", Kind::Read, 51.0, 101.0),
            request("GET", Kind::Read, 60.0, 110.0),
            request("PUT", Kind::Write, 111.0, 161.0),
            request("GET", Kind::Poll, 166.0, 216.0),
        ];
        assert_eq!(chain(&requests, |_| true), 4);
        assert_eq!(
            chain(&requests, |kind| kind != Kind::Token && kind != Kind::Poll),
            2
        );
        assert_eq!(chain(&[], |_| true), 0);
    }

    #[test]
    fn a_request_without_an_answer_is_nobodys_beginning() {
        let mut lost = request("GET", Kind::Read, 0.0, 0.0);
        lost.ended = None;
        let requests = [lost, request("GET", Kind::Read, 10.0, 20.0)];
        assert_eq!(chain(&requests, |_| true), 1);
    }

    #[test]
    fn the_look_before_the_end_says_when_the_next_is_allowed() {
        let mut requests = vec![
            request("GET", Kind::Read, 0.0, 1.0),
            request("PUT", Kind::Write, 9.0, 10.0),
            request("GET", Kind::Poll, 1011.0, 1012.0),
            request("GET", Kind::Poll, 2013.0, 2014.0),
            request("GET", Kind::Read, 2015.0, 2016.0),
        ];
        let found = noticed(&requests, 1400.0, 1000.0).unwrap();
        let expected = Noticed {
            end: 1410.0,
            allowed: 2012.0,
            looks: 2,
        };
        assert_eq!(found, expected);
        requests.truncate(3);
        assert_eq!(noticed(&requests, 1400.0, 1000.0), None);
    }
}
