//! The token on every request: held for all, asked for once, and made anew when ARM refuses it.
//!
//! The policy of the SDK forgets a refused token, but the credentials behind it do not: they hand out the same
//! one again until it expires by the clock. So after a refusal the credential itself is made anew, once for all
//! who were refused.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::error::ErrorKind as CoreKind;
use azure_core::http::headers::AUTHORIZATION;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{ClientOptions, Context, Request, RetryOptions, StatusCode, Transport};
use azure_core::time::{Duration, OffsetDateTime};
use kompox_domain::Error;
use tokio::sync::Mutex;

use crate::attempt::Sent;
use crate::cloud::Cloud;
use crate::credential::AuthMethod;

/// A token is renewed this long before it expires, so that none expires on its way.
const EARLY: Duration = Duration::minutes(5);

/// Puts the token on each request.
#[derive(Debug)]
pub(crate) struct TokenPolicy {
    method: AuthMethod,
    options: ClientOptions,
    scope: String,
    /// Locked while a token is asked for: whoever comes meanwhile waits for that one.
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    credential: Arc<dyn TokenCredential>,
    token: Option<AccessToken>,
}

impl TokenPolicy {
    pub(crate) fn new(method: AuthMethod, cloud: &Cloud, transport: Transport) -> Result<Self, Error> {
        let mut custom = CustomConfiguration::default();
        custom.authority_host = cloud.authority_host.as_str().trim_end_matches('/').to_owned();
        let options = ClientOptions {
            transport: Some(transport),
            cloud: Some(Arc::new(CloudConfiguration::Custom(custom))),
            // The client repeats the request as a whole, and tells; the SDK would try for a minute in silence.
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        };
        let credential = method.credential(options.clone())?;
        Ok(Self {
            method,
            options,
            scope: cloud.scope.clone(),
            held: Mutex::new(Held {
                credential,
                token: None,
            }),
        })
    }

    /// The token that is held, or a new one.
    pub(crate) async fn token(&self) -> azure_core::Result<AccessToken> {
        self.fresh(&mut *self.held.lock().await).await
    }

    /// A token for something else than ARM. The credential holds it for the next time.
    pub(crate) async fn token_for(&self, scope: &str) -> azure_core::Result<AccessToken> {
        let credential = Arc::clone(&self.held.lock().await.credential);
        credential.get_token(&[scope], None).await
    }

    /// Another token than the one that was refused.
    async fn instead_of(&self, refused: &AccessToken) -> azure_core::Result<AccessToken> {
        let mut held = self.held.lock().await;
        let current = held.token.as_ref().map(|token| token.token.secret());
        if current.is_none_or(|current| current == refused.token.secret()) {
            held.token = None;
            held.credential = self
                .method
                .credential(self.options.clone())
                .map_err(|error| azure_core::Error::new(CoreKind::Credential, error))?;
        }
        self.fresh(&mut held).await
    }

    async fn fresh(&self, held: &mut Held) -> azure_core::Result<AccessToken> {
        let now = OffsetDateTime::now_utc();
        if let Some(token) = &held.token
            && token.expires_on > now + EARLY
        {
            return Ok(token.clone());
        }
        match held.credential.get_token(&[&self.scope], None).await {
            Ok(token) => Ok(held.token.insert(token).clone()),
            // It is not over yet: better than nothing.
            Err(error) => held
                .token
                .clone()
                .filter(|token| token.expires_on > now)
                .ok_or(error),
        }
    }
}

fn authorize(request: &mut Request, token: &AccessToken) {
    request.insert_header(AUTHORIZATION, format!("Bearer {}", token.token.secret()));
}

#[async_trait]
impl Policy for TokenPolicy {
    async fn send(&self, ctx: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let Some((first, rest)) = next.split_first() else {
            return Err(azure_core::Error::with_message(
                CoreKind::Other,
                "there is no transport",
            ));
        };
        if request.url().scheme() != "https" {
            return Err(azure_core::Error::with_message(
                CoreKind::Other,
                "a token is never sent in the clear",
            ));
        }
        let token = self.token().await?;
        authorize(request, &token);
        let sent = ctx.value::<Sent>();
        let before = sent.is_some_and(Sent::get);
        let leaves = |leaves| {
            if let Some(sent) = sent {
                sent.set(leaves);
            }
        };
        leaves(true);
        let response = first.send(ctx, request, rest).await?;
        if response.status() != StatusCode::Unauthorized {
            return Ok(response);
        }
        leaves(before);
        tracing::debug!("the token was refused, signing in again");
        let token = self.instead_of(&token).await?;
        authorize(request, &token);
        request.body_mut().reset().await?;
        leaves(true);
        first.send(ctx, request, rest).await
    }
}
