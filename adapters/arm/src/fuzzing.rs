//! The client over answers that the caller makes up, for the fuzz targets.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, HttpClient, Request, Transport};
use kompox_domain::{Error, Secret};
use url::Url;

use crate::{ArmClient, AuthMethod, Cloud, client::ArmOptions};

/// Status, headers, body.
pub type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// How long an answer takes; in simulated time what never ends would not even reach its deadline without.
const LATENCY: Duration = Duration::from_millis(100);

struct Scripted<F>(F);

impl<F> std::fmt::Debug for Scripted<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

#[async_trait]
impl<F: Fn(&Url) -> Answer + Send + Sync> HttpClient for Scripted<F> {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        tokio::time::sleep(LATENCY).await;
        let (status, given, body) = (self.0)(request.url());
        let mut headers = Headers::new();
        for (name, value) in given {
            headers.insert(HeaderName::from(name), HeaderValue::from(value));
        }
        Ok(AsyncRawResponse::from_bytes(status.into(), headers, body))
    }
}

/// The answer to a request for a token; none where it is ARM that is asked.
#[must_use]
pub fn signed_in(url: &Url) -> Option<Answer> {
    let token = r#"{"access_token":"t","expires_in":3600,"token_type":"Bearer"}"#;
    (url.host_str() != Some("management.azure.com")).then(|| (200, Vec::new(), token.as_bytes().to_vec()))
}

/// A client of the public cloud whose every request, for tokens too, `answer` answers.
///
/// # Errors
/// As [`ArmClient::new`].
pub fn client(
    answer: impl Fn(&Url) -> Answer + Send + Sync + 'static,
    options: ArmOptions,
) -> Result<ArmClient, Error> {
    let method = AuthMethod::ClientSecret {
        tenant_id: "00000000-0000-0000-0000-000000000001".to_owned(),
        client_id: "00000000-0000-0000-0000-000000000002".to_owned(),
        secret: Secret::new("secret".to_owned()),
    };
    let cloud = Cloud::custom(
        "https://management.azure.com/",
        "https://login.microsoftonline.com/",
        None,
    )?;
    let transport = Transport::new(Arc::new(Scripted(answer)));
    ArmClient::over(transport.clone(), transport, cloud, method, options)
}
