//! Who is signed in, as the token says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::shown::word;

/// A token's claims are smaller than this.
const MAX_CLAIMS: usize = 64 << 10;

/// Who is signed in. Only to be shown: the token is not verified here, and whoever gave it out may put anything in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The object id of the user or service principal: what roles are given to.
    pub object_id: Option<String>,
    /// The client id of the application.
    pub client_id: Option<String>,
    /// The tenant.
    pub tenant_id: Option<String>,
    /// The name of a user.
    pub user: Option<String>,
}

// Claims of Entra's access tokens, of version 1 and 2.
#[derive(Deserialize, Default)]
struct Claims {
    oid: Option<String>,
    appid: Option<String>,
    azp: Option<String>,
    tid: Option<String>,
    upn: Option<String>,
    preferred_username: Option<String>,
    unique_name: Option<String>,
}

impl Identity {
    /// Reads the claims of a token; one that cannot be read says nothing. Nothing of the token itself is kept.
    pub(crate) fn of_token(token: &str) -> Self {
        let claims = token
            .split('.')
            .nth(1)
            .filter(|claims| claims.len() <= MAX_CLAIMS)
            .and_then(|claims| URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok())
            .and_then(|claims| serde_json::from_slice::<Claims>(&claims).ok())
            .unwrap_or_default();
        let shown = |claim: Option<String>| claim.map(|claim| word(&claim)).filter(|claim| !claim.is_empty());
        Self {
            object_id: shown(claims.oid),
            client_id: shown(claims.appid.or(claims.azp)),
            tenant_id: shown(claims.tid),
            user: shown(claims.upn.or(claims.preferred_username).or(claims.unique_name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn claims_of_both_versions_of_tokens_are_read() {
        let application = Identity::of_token(&token(r#"{"oid":"o","appid":"a","tid":"t"}"#));
        let expected = Identity {
            object_id: Some("o".to_owned()),
            client_id: Some("a".to_owned()),
            tenant_id: Some("t".to_owned()),
            user: None,
        };
        assert_eq!(application, expected);
        let user = Identity::of_token(&token(r#"{"azp":"a","preferred_username":"u@example.com"}"#));
        assert_eq!(user.client_id.as_deref(), Some("a"));
        assert_eq!(user.user.as_deref(), Some("u@example.com"));
    }

    #[test]
    fn a_token_that_cannot_be_read_says_nothing() {
        for token in [
            "",
            "opaque",
            "a.b.c",
            "e30.!!.x",
            &token("[]"),
            &token(r#"{"oid":1}"#),
        ] {
            assert_eq!(Identity::of_token(token), Identity::default(), "{token}");
        }
    }
}
