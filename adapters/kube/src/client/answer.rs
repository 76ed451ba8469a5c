//! What an API server answers: read within a bound, and taken for an answer only where it is one.

use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::core::Status;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tower::BoxError;

use super::error::KubeError;

/// The largest body that is read. A page holds 250 objects, and etcd takes none above 1.5 MiB.
const MAX_BODY: usize = 64 << 20;
/// What an API server says of a path that it does not serve: the kinds of a group that is not installed.
const NO_SUCH_PATH: &str = "404 page not found";
/// How much is told of a text that is no `Status`: a proxy sends whole pages.
const LONGEST: usize = 300;

/// Head and body of an answer of success.
///
/// # Errors
/// What the server refuses, as [`KubeError`] tells it apart; [`Trouble::Protocol`](super::Trouble::Protocol) for what
/// no API server answers.
pub(super) async fn read<B>(server: &str, response: Response<B>) -> Result<(Parts, Bytes), KubeError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let (head, body) = response.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Err(broken(server, error)),
    };
    if !head.status.is_success() {
        return Err(refused(server, head.status, &head.headers, &body));
    }
    Ok((head, body))
}

/// Why a body did not come as a whole.
fn broken(server: &str, error: BoxError) -> KubeError {
    if error.is::<LengthLimitError>() {
        let why = format!("the answer is larger than {} MiB", MAX_BODY >> 20);
        return KubeError::protocol(server, &why);
    }
    KubeError::sending(server, error)
}

/// The error that an answer without success is. The status of HTTP says what it is: what stands in the body may say
/// more, and nothing else.
fn refused(server: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> KubeError {
    let told = serde_json::from_slice::<Value>(body)
        .ok()
        .filter(|told| told["kind"] == "Status");
    let text = String::from_utf8_lossy(body);
    // «It is not there» is an answer that much follows from; a proxy may say so of anything.
    let is_elsewhere = status == StatusCode::NOT_FOUND && told.is_none() && text.trim() != NO_SUCH_PATH;
    if is_elsewhere || status.is_redirection() || status.is_informational() {
        let why = format!("no API server answers {} like this", status.as_u16());
        return KubeError::protocol(server, &why);
    }
    let wait = asked_in_header(headers, OffsetDateTime::now_utc()).or_else(|| {
        let seconds = told.as_ref()?.pointer("/details/retryAfterSeconds")?.as_u64()?;
        Some(Duration::from_secs(seconds))
    });
    let status = match told {
        Some(told) => {
            let message = told["message"].as_str().unwrap_or_default().to_owned();
            let read = serde_json::from_value(told).unwrap_or_else(|_| Status::failure(&message, ""));
            read.with_code(status.as_u16())
        }
        None => Status::failure(&shortened(&text), "").with_code(status.as_u16()),
    };
    KubeError::refused(server, &status).with_retry_after(wait)
}

/// How long the header asks to wait: in seconds as API servers write it, or until a date as proxies may.
fn asked_in_header(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok()?;
    Some(Duration::try_from(date - now).unwrap_or(Duration::ZERO))
}

/// A text in one line, and not too long.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if short.len() < line.len() {
        format!("{short}…")
    } else {
        short
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    fn asked(text: &str) -> Option<Duration> {
        let value = HeaderValue::from_str(text).ok()?;
        let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value)]);
        asked_in_header(&headers, datetime!(2026-11-21 10:00:00 UTC))
    }

    #[test]
    fn a_header_asks_for_seconds_or_names_a_date() {
        assert_eq!(asked("17"), Some(Duration::from_secs(17)));
        assert_eq!(
            asked("Sat, 21 Nov 2026 10:00:05 GMT"),
            Some(Duration::from_secs(5))
        );
        assert_eq!(asked("Sat, 21 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!((asked("soon"), asked("-1")), (None, None));
    }

    proptest! {
        #[test]
        fn no_header_makes_the_reader_panic(text in "\\PC{0,60}") {
            let _ = asked(&text);
        }
    }
}
