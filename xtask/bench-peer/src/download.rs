//! A bare HTTP client: signs in, downloads a listing page by page, and does nothing with it.

use serde_json::Value;

use crate::result::Result;
use crate::runtime::runtime;

/// Downloads everything that a listing has. `connection` is the line that the embedded Azure prints.
pub(crate) fn run(connection: &str, path: &str) -> Result<()> {
    let connection: Value = serde_json::from_str(connection)?;
    let field = |name: &str| {
        connection[name]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| format!("the connection has no {name}"))
    };
    let client = client(&std::fs::read(field("caFile")?)?)?;
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={}/.default",
        field("clientId")?,
        percent(&field("clientSecret")?),
        percent(&field("armEndpoint")?),
    );
    let sign_in = format!(
        "{}/{}/oauth2/v2.0/token",
        field("authorityHost")?,
        field("tenantId")?
    );
    let first = format!("{}{path}", field("armEndpoint")?);
    runtime()?.block_on(async {
        let answer = client
            .post(sign_in)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let token = answer["access_token"].as_str().ok_or("the answer has no token")?;
        let mut next = Some(first);
        while let Some(url) = next {
            let page = client.get(url).bearer_auth(token).send().await?;
            next = next_link(&page.error_for_status()?.bytes().await?)?;
        }
        Ok(())
    })
}

/// A client that trusts what the program trusts.
pub(crate) fn client(ca: &[u8]) -> Result<reqwest::Client> {
    let certificates = reqwest::Certificate::from_pem_bundle(ca)?;
    Ok(reqwest::Client::builder().tls_certs_merge(certificates).build()?)
}

/// The address of the next page, found without reading the page as JSON.
fn next_link(page: &[u8]) -> Result<Option<String>> {
    const KEY: &[u8] = b"\"nextLink\":";
    let Some(at) = page.windows(KEY.len()).rposition(|window| window == KEY) else {
        return Ok(None);
    };
    let mut values = serde_json::Deserializer::from_slice(&page[at + KEY.len()..]).into_iter::<String>();
    Ok(values.next().transpose()?)
}

/// Everything but letters and digits as `%XX`.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
