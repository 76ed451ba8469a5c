//! Entra's endpoints: metadata, keys and tokens, with errors in Entra's own words.

use http::Method;
use jsonwebtoken::{Algorithm, Validation};
use kompox_emulator_core::json::timestamp;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;
use kompox_emulator_core::store::Settings;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Claims, OTHER_AUDIENCES, TICKS_PER_SECOND, generation};
use crate::context::Environment;
use crate::identity::Identity;

/// What is read of an assertion.
#[derive(Debug, Deserialize)]
struct Assertion {
    iss: String,
    sub: String,
    aud: Value,
    exp: Option<f64>,
}

/// Handles one request to Entra.
pub(crate) fn handle(environment: &Environment, settings: &Settings, request: &Request, now: i64) -> Reply {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let result = match (&request.method, segments.as_slice()) {
        (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => {
            token(environment, settings, request, tenant, now)
        }
        (&Method::GET, [_, "discovery", "instance"]) => Ok(instance(environment, request)),
        (&Method::GET, [_, "discovery", "v2.0", "keys"] | [_, "discovery", "keys"]) => {
            Ok(Reply::json(200, &json!({ "keys": [environment.entra.jwk] })))
        }
        (
            &Method::GET,
            [tenant, "v2.0", ".well-known", "openid-configuration"]
            | [tenant, ".well-known", "openid-configuration"],
        ) => configuration(environment, request, tenant),
        _ => return Reply::empty(404),
    };
    let reply = match result {
        Ok(reply) => reply,
        Err(refusal) => refusal.reply(now),
    };
    reply
        .with("Cache-Control", "no-store, no-cache")
        .with("Pragma", "no-cache")
}

/// An error as Entra writes it.
struct Refusal {
    status: u16,
    error: &'static str,
    code: u32,
    message: String,
}

impl Refusal {
    fn new(status: u16, error: &'static str, code: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            error,
            code,
            message: message.into(),
        }
    }

    fn reply(&self, now: i64) -> Reply {
        let (trace, correlation) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        let time = timestamp(now);
        Reply::json(
            self.status,
            &json!({
                "error": self.error,
                "error_description": format!(
                    "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}",
                    self.code, self.message
                ),
                "error_codes": [self.code],
                "timestamp": time,
                "trace_id": trace.to_string(),
                "correlation_id": correlation.to_string(),
                "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code)
            }),
        )
    }
}

fn check_tenant(environment: &Environment, tenant: &str) -> Result<(), Refusal> {
    if tenant.eq_ignore_ascii_case(&environment.identity.tenant_id) {
        return Ok(());
    }
    Err(Refusal::new(
        400,
        "invalid_request",
        90_002,
        format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud. Check with your subscription administrator, this may happen if there are no active \
             subscriptions for the tenant."
        ),
    ))
}

fn configuration(environment: &Environment, request: &Request, tenant: &str) -> Result<Reply, Refusal> {
    let general = ["common", "organizations"]
        .iter()
        .any(|known| tenant.eq_ignore_ascii_case(known));
    if !general {
        check_tenant(environment, tenant)?;
    }
    let issuer = if general {
        "{tenantid}"
    } else {
        &environment.identity.tenant_id
    };
    let base = &request.base;
    Ok(Reply::json(
        200,
        &json!({
            "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "response_types_supported": ["code", "id_token", "token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": format!("{base}/{issuer}/v2.0"),
            "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/devicecode"),
            "tenant_region_scope": "AS",
            "cloud_instance_name": request.base.trim_start_matches("https://"),
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com"
        }),
    ))
}

fn instance(environment: &Environment, request: &Request) -> Reply {
    let host = request.base.trim_start_matches("https://");
    let aliases = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", environment.entra.port));
    Reply::json(
        200,
        &json!({
            "tenant_discovery_endpoint":
                format!("{}/{}/v2.0/.well-known/openid-configuration", request.base, environment.identity.tenant_id),
            "api-version": "1.1",
            "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": aliases }]
        }),
    )
}

fn token(
    environment: &Environment,
    settings: &Settings,
    request: &Request,
    tenant: &str,
    now: i64,
) -> Result<Reply, Refusal> {
    check_tenant(environment, tenant)?;
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let missing = |name: &str| {
        Refusal::new(
            400,
            "invalid_request",
            900_144,
            format!("The request body must contain the following parameter: '{name}'."),
        )
    };
    let grant = field("grant_type").ok_or_else(|| missing("grant_type"))?;
    if grant != "client_credentials" {
        return Err(Refusal::new(
            400,
            "unsupported_grant_type",
            70_003,
            format!("The app requested an unsupported grant type '{grant}'."),
        ));
    }
    let client = field("client_id").ok_or_else(|| missing("client_id"))?;
    let identity = &environment.identity;
    if !client.eq_ignore_ascii_case(&identity.client_id) {
        return Err(Refusal::new(
            400,
            "unauthorized_client",
            700_016,
            format!(
                "Application with identifier '{client}' was not found in the directory 'Kompox emulator'. This can \
                 happen if the application has not been installed by the administrator of the tenant or consented to \
                 by any user in the tenant. You may have sent your authentication request to the wrong tenant."
            ),
        ));
    }
    match (field("client_secret"), field("client_assertion")) {
        (Some(secret), _) => check_secret(identity, secret)?,
        (None, Some(assertion)) => {
            if field("client_assertion_type")
                != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            {
                return Err(missing("client_assertion_type"));
            }
            check_assertion(environment, assertion, now)?;
        }
        (None, None) => {
            return Err(Refusal::new(
                401,
                "invalid_client",
                7_000_218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            ));
        }
    }
    let audience = audience(environment, field("scope").ok_or_else(|| missing("scope"))?)?;
    let lifetime = i64::try_from(environment.options.timing.token_lifetime.as_secs()).unwrap_or(3599);
    let seconds = now / TICKS_PER_SECOND;
    let claims = Claims {
        aud: audience,
        iss: format!("https://sts.windows.net/{}/", identity.tenant_id),
        iat: seconds,
        nbf: seconds,
        exp: seconds.saturating_add(lifetime),
        appid: identity.client_id.clone(),
        oid: identity.object_id.clone(),
        sub: identity.object_id.clone(),
        tid: identity.tenant_id.clone(),
        ver: "1.0".to_owned(),
        uti: uuid::Uuid::new_v4().simple().to_string(),
        generation: generation(settings),
        xms_cc: field("claims").map(capabilities).unwrap_or_default(),
    };
    let token = environment
        .entra
        .sign(&claims)
        .map_err(|error| Refusal::new(500, "server_error", 90_033, error))?;
    Ok(Reply::json(
        200,
        &json!({
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": token
        }),
    ))
}

/// What the client can do, as it says in `claims`.
fn capabilities(claims: &str) -> Vec<String> {
    serde_json::from_str::<Value>(claims)
        .ok()
        .and_then(|claims| {
            let values = claims.pointer("/access_token/xms_cc/values")?.as_array()?;
            Some(
                values
                    .iter()
                    .filter_map(|value| value.as_str().map(str::to_owned))
                    .collect(),
            )
        })
        .unwrap_or_default()
}

fn check_secret(identity: &Identity, secret: &str) -> Result<(), Refusal> {
    // Compared in constant time, as any secret.
    let (sent, known) = (secret.as_bytes(), identity.client_secret.as_bytes());
    let differs = sent
        .iter()
        .zip(known)
        .fold(sent.len() ^ known.len(), |acc, (a, b)| acc | usize::from(a ^ b));
    if differs == 0 {
        return Ok(());
    }
    Err(Refusal::new(
        401,
        "invalid_client",
        7_000_215,
        format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
             not the client secret ID, for a secret added to app '{}'.",
            identity.client_id
        ),
    ))
}

fn check_assertion(environment: &Environment, assertion: &str, now: i64) -> Result<(), Refusal> {
    let invalid = |code: u32, message: &str| Refusal::new(401, "invalid_client", code, message);
    let malformed = || invalid(50_027, "JWT token is invalid or malformed.");
    let claims: Assertion = jsonwebtoken::decode_header(assertion)
        .and_then(|_| jsonwebtoken::dangerous::insecure_decode::<Assertion>(assertion))
        .map_err(|_| malformed())?
        .claims;
    if claims.iss == environment.entra.own_issuer() {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_aud = false;
        validation.validate_exp = false;
        jsonwebtoken::decode::<Assertion>(assertion, &environment.entra.decoding, &validation)
            .map_err(|_| invalid(700_027, "Client assertion failed signature validation."))?;
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds since the epoch")]
    let seconds = (now / TICKS_PER_SECOND) as f64;
    if claims.exp.is_none_or(|exp| exp <= seconds) {
        return Err(invalid(
            700_024,
            "Client assertion is not within its valid time range.",
        ));
    }
    let audiences: Vec<&str> = match &claims.aud {
        Value::String(audience) => vec![audience],
        Value::Array(audiences) => audiences.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let federated = environment
        .entra
        .federated
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(credential) = federated
        .iter()
        .find(|known| known.issuer == claims.iss && known.subject == claims.sub)
    else {
        return Err(invalid(
            700_213,
            "No matching federated identity record found for presented assertion subject. Check your federated \
             identity credential Subject, Audience and Issuer against the presented assertion.",
        ));
    };
    if !audiences.contains(&credential.audience.as_str()) {
        return Err(invalid(
            700_212,
            "No matching federated identity record found for presented assertion audience. Check your federated \
             identity credential Subject, Audience and Issuer against the presented assertion.",
        ));
    }
    Ok(())
}

/// `<resource>/.default`, where the resource may end in a slash of its own.
fn audience(environment: &Environment, scope: &str) -> Result<String, Refusal> {
    let mut resources = scope
        .split_whitespace()
        .filter(|scope| !matches!(*scope, "openid" | "profile" | "offline_access"));
    let bad = || {
        Refusal::new(
            400,
            "invalid_scope",
            1_002_012,
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
            ),
        )
    };
    let resource = resources
        .next()
        .and_then(|first| first.strip_suffix("/.default"))
        .ok_or_else(bad)?;
    if resources.next().is_some() {
        return Err(bad());
    }
    let plain = resource.trim_end_matches('/');
    if environment.entra.is_arm(plain)
        || OTHER_AUDIENCES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(plain))
    {
        return Ok(resource.to_owned());
    }
    Err(Refusal::new(
        400,
        "invalid_resource",
        500_011,
        format!(
            "The resource principal named {resource} was not found in the tenant named Kompox emulator. This can \
             happen if the application has not been installed by the administrator of the tenant or consented to by \
             any user in the tenant. You might have sent your authentication request to the wrong tenant."
        ),
    ))
}
