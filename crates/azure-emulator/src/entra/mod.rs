//! Entra ID: metadata, the token endpoint, and the check of tokens that ARM does.

mod endpoints;

use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kompox_emulator_core::error::EmulatorError;
use kompox_emulator_core::json::timestamp;
use kompox_emulator_core::store::Settings;
use kompox_kubernetes_emulator::kubeconfig::SERVER_APPLICATION;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arm::error::{ArmError, ArmResult};
use crate::identity::Identity;
use crate::options::FederatedCredential;

/// Durable count of how often all tokens were revoked.
pub(crate) const GENERATION: &str = "token-generation";
/// The client capability of understanding claims challenges.
const CLAIMS_CHALLENGE: &str = "CP1";
const KEY_ID: &str = "kompox-emulator";
/// Resources that tokens are given for besides ARM itself: Graph, Key Vault, registries, the AKS server.
const OTHER_AUDIENCES: [&str; 4] = [
    "https://graph.microsoft.com",
    "https://vault.azure.net",
    "https://containerregistry.azure.net",
    SERVER_APPLICATION,
];
/// ARM's own names.
const ARM_AUDIENCES: [&str; 2] = [
    "https://management.azure.com",
    "https://management.core.windows.net",
];
const TICKS_PER_SECOND: i64 = 10_000_000;

pub(crate) use endpoints::handle;

/// Keys and registered credentials.
pub(crate) struct Entra {
    encoding: EncodingKey,
    decoding: DecodingKey,
    jwk: Value,
    port: u16,
    federated: Mutex<Vec<FederatedCredential>>,
}

impl std::fmt::Debug for Entra {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entra")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// What a token of ours says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(default)]
    appid: String,
    #[serde(default)]
    oid: String,
    sub: String,
    #[serde(default)]
    tid: String,
    #[serde(default)]
    ver: String,
    #[serde(default)]
    uti: String,
    /// Tokens of an older generation are revoked.
    #[serde(default, rename = "kompox_generation")]
    generation: u64,
    /// What the client said it can do; `CP1` means that it understands claims challenges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    xms_cc: Vec<String>,
}

impl Entra {
    /// Reads the keys.
    pub(crate) fn new(
        identity: &Identity,
        port: u16,
        federated: Vec<FederatedCredential>,
    ) -> Result<Self, EmulatorError> {
        let bad = |error: String| EmulatorError::Certificate(error);
        let key = rcgen::KeyPair::from_pem(&identity.signing_key).map_err(|error| bad(error.to_string()))?;
        // An uncompressed point: 4, x, y.
        let point = key.public_key_raw();
        let (x, y) = match point {
            [4, rest @ ..] if rest.len() == 64 => rest.split_at(32),
            _ => return Err(bad("the signing key is not on P-256".to_owned())),
        };
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let encoding = EncodingKey::from_ec_pem(identity.signing_key.as_bytes())
            .map_err(|error| bad(error.to_string()))?;
        let decoding = DecodingKey::from_ec_components(&x, &y).map_err(|error| bad(error.to_string()))?;
        let jwk = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID, "x": x, "y": y });
        Ok(Self {
            encoding,
            decoding,
            jwk,
            port,
            federated: Mutex::new(federated),
        })
    }

    /// Registers one more external identity.
    pub(crate) fn federate(&self, credential: FederatedCredential) {
        self.federated
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(credential);
    }

    /// The issuer of assertions that the emulator signs itself.
    pub(crate) fn own_issuer(&self) -> String {
        format!("https://127.0.0.1:{}/issuer", self.port)
    }

    /// An assertion by the emulator's own issuer.
    pub(crate) fn assertion(
        &self,
        subject: &str,
        lifetime: Duration,
        now: i64,
    ) -> Result<String, EmulatorError> {
        let seconds = now / TICKS_PER_SECOND;
        let claims = json!({
            "iss": self.own_issuer(),
            "sub": subject,
            "aud": "api://AzureADTokenExchange",
            "iat": seconds,
            "nbf": seconds,
            "exp": seconds.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX)),
        });
        self.sign(&claims).map_err(EmulatorError::Certificate)
    }

    fn sign<T: Serialize>(&self, claims: &T) -> Result<String, String> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(KEY_ID.to_owned());
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(|error| error.to_string())
    }

    /// Whether this is one of ARM's names for itself.
    fn is_arm(&self, audience: &str) -> bool {
        let audience = audience.trim_end_matches('/').to_ascii_lowercase();
        ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|host| audience == format!("https://{host}:{}", self.port))
            || ARM_AUDIENCES.contains(&audience.as_str())
    }

    /// What a token of ours says. Times and audience are for the caller to check, each with answers of its own.
    fn claims(&self, token: &str) -> Option<Claims> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation);
        decoded.ok().map(|token| token.claims)
    }

    /// The object id of who shows a token for AKS that is still good.
    pub(crate) fn kubernetes_caller(
        &self,
        token: &str,
        identity: &Identity,
        settings: &Settings,
        now: i64,
    ) -> Option<String> {
        let claims = self.claims(token)?;
        let good = claims.tid == identity.tenant_id
            && claims
                .aud
                .trim_end_matches('/')
                .eq_ignore_ascii_case(SERVER_APPLICATION)
            && claims.exp.saturating_mul(TICKS_PER_SECOND) > now
            && claims.generation == generation(settings);
        good.then_some(claims.oid)
    }

    /// 401 unless the request carries a token of ours for ARM that is still good.
    pub(crate) fn authenticate(
        &self,
        header: Option<&str>,
        identity: &Identity,
        settings: &Settings,
        now: i64,
    ) -> ArmResult<()> {
        let refuse_with = |code: &str, message: String, error: &str| {
            let challenge = format!(
                "Bearer authorization_uri=\"https://127.0.0.1:{}/{}\", {error}, error_description=\"{}\"",
                self.port,
                identity.tenant_id,
                message.replace('"', "'")
            );
            ArmError::new(401, code, message).header("WWW-Authenticate", challenge)
        };
        let refuse = |code: &str, message: String| refuse_with(code, message, "error=\"invalid_token\"");
        let header = header.ok_or_else(|| {
            refuse(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.".to_owned(),
            )
        })?;
        let token = header
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(|| {
                refuse(
                    "AuthenticationFailed",
                    "Authentication failed. The 'Authorization' header is provided in an invalid format."
                        .to_owned(),
                )
            })?;
        let invalid = || {
            refuse(
                "InvalidAuthenticationToken",
                "The access token is invalid.".to_owned(),
            )
        };
        let claims = self.claims(token).ok_or_else(invalid)?;
        if claims.tid != identity.tenant_id {
            return Err(refuse(
                "InvalidAuthenticationTokenTenant",
                format!("The access token is from the wrong issuer '{}'.", claims.iss),
            ));
        }
        if !self.is_arm(&claims.aud) {
            return Err(refuse(
                "InvalidAuthenticationTokenAudience",
                format!(
                    "The access token has been obtained for wrong audience or resource '{}'. It should exactly match \
                     with one of the allowed audiences 'https://127.0.0.1:{}/'.",
                    claims.aud, self.port
                ),
            ));
        }
        let expired = claims.exp.saturating_mul(TICKS_PER_SECOND) <= now;
        if expired || claims.generation != generation(settings) {
            let error = if !expired && claims.xms_cc.iter().any(|known| known == CLAIMS_CHALLENGE) {
                claims_challenge(now)
            } else {
                "error=\"invalid_token\"".to_owned()
            };
            return Err(refuse_with(
                "ExpiredAuthenticationToken",
                format!(
                    "The access token expiry UTC time '{}' is earlier than current UTC time '{}'.",
                    timestamp(if expired {
                        claims.exp.saturating_mul(TICKS_PER_SECOND)
                    } else {
                        now
                    }),
                    timestamp(now)
                ),
                &error,
            ));
        }
        Ok(())
    }
}

/// Tells a client that understands it to pass over its cache: it asks for a token again, with these claims.
fn claims_challenge(now: i64) -> String {
    let seconds = (now / TICKS_PER_SECOND).to_string();
    let claims = json!({ "access_token": { "nbf": { "essential": true, "value": seconds } } });
    format!(
        "error=\"insufficient_claims\", claims=\"{}\"",
        STANDARD.encode(claims.to_string())
    )
}

/// How often all tokens were revoked.
pub(crate) fn generation(settings: &Settings) -> u64 {
    settings
        .get(GENERATION)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

/// Whether a path is Entra's.
pub(crate) fn is_entra(segments: &[&str]) -> bool {
    matches!(
        segments,
        [_, "oauth2" | "discovery", ..] | [_, "v2.0", ".well-known", _] | [_, ".well-known", _]
    )
}
