//! Tokens: who gets one, and what ARM does without a good one.

use std::time::Duration;

use kompox_azure_emulator::{FederatedCredential, Options, Timing};

use crate::client::{Azure, GROUPS, escape};

async fn status_of(azure: &Azure) -> (u16, String, String) {
    let answer = azure.get(&format!("~/resourcegroups?api-version={GROUPS}")).await;
    let challenge = answer.header("www-authenticate").unwrap_or_default().to_owned();
    (answer.status, answer.code().to_owned(), challenge)
}

#[tokio::test]
async fn without_a_good_token_there_is_nothing_but_401() {
    let mut azure = Azure::new().await;
    let good = azure.access_token().to_owned();
    azure.set_token("");
    let (status, code, challenge) = status_of(&azure).await;
    assert_eq!((status, code.as_str()), (401, "AuthenticationFailed"));
    let tenant = azure.emulator.connection().tenant_id.clone();
    assert!(
        challenge.starts_with("Bearer authorization_uri=\"https://"),
        "{challenge}"
    );
    assert!(
        challenge.contains(&tenant) && challenge.contains("error=\"invalid_token\""),
        "{challenge}"
    );
    let (head, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for token in ["x", "a.b.c", forged.as_str()] {
        azure.set_token(token);
        let (status, code, _) = status_of(&azure).await;
        assert_eq!(
            (status, code.as_str()),
            (401, "InvalidAuthenticationToken"),
            "{token}"
        );
    }
    azure.set_token(&good);
    assert_eq!(status_of(&azure).await.0, 200);
}

#[tokio::test]
async fn tokens_can_be_revoked_in_the_middle() {
    let mut azure = Azure::new().await;
    azure.emulator.expire_tokens().await.unwrap();
    let (status, code, challenge) = status_of(&azure).await;
    assert_eq!((status, code.as_str()), (401, "ExpiredAuthenticationToken"));
    assert!(challenge.contains("invalid_token"));
    azure.sign_in().await;
    assert_eq!(status_of(&azure).await.0, 200);
}

#[tokio::test]
async fn a_client_that_understands_claims_challenges_gets_one_when_its_token_is_revoked() {
    let mut azure = Azure::new().await;
    let connection = azure.emulator.connection().clone();
    let scope = format!("{}/.default", connection.arm_endpoint);
    let form = |claims: &'static str| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", connection.client_id.as_str()),
            ("client_secret", connection.client_secret.as_str()),
            ("scope", scope.as_str()),
            ("claims", claims),
        ]
    };
    for (claims, challenged) in [
        (r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#, true),
        (r#"{"access_token":{"xms_cc":{"values":["cp2"]}}}"#, false),
        ("{", false),
    ] {
        let answer = azure.token(&form(claims)).await.expect(200);
        azure.set_token(answer.body["access_token"].as_str().unwrap());
        assert_eq!(status_of(&azure).await.0, 200);
        azure.emulator.expire_tokens().await.unwrap();
        let (status, code, challenge) = status_of(&azure).await;
        assert_eq!((status, code.as_str()), (401, "ExpiredAuthenticationToken"));
        assert_eq!(
            challenge.contains("error=\"insufficient_claims\", claims=\"ey"),
            challenged,
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn a_token_expires_by_itself() {
    let timing = Timing {
        token_lifetime: Duration::ZERO,
        ..Timing::zero()
    };
    let azure = Azure::start(Options {
        timing,
        ..Options::default()
    })
    .await;
    assert_eq!(status_of(&azure).await.1, "ExpiredAuthenticationToken");
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let mut azure = Azure::new().await;
    let connection = azure.emulator.connection().clone();
    let form = |scope: &'static str| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", connection.client_id.as_str()),
            ("client_secret", connection.client_secret.as_str()),
            ("scope", scope),
        ]
    };
    let answer = azure
        .token(&form("https://vault.azure.net/.default"))
        .await
        .expect(200);
    azure.set_token(answer.body["access_token"].as_str().unwrap());
    assert_eq!(status_of(&azure).await.1, "InvalidAuthenticationTokenAudience");
    let answer = azure
        .token(&form("https://example.com/.default"))
        .await
        .expect(400);
    assert!(
        answer.body["error_description"]
            .as_str()
            .unwrap()
            .starts_with("AADSTS500011:")
    );
    azure
        .token(&form("https://management.azure.com/.default"))
        .await
        .expect(200);
    azure.token(&form("user.read")).await.expect(400);
}

#[tokio::test]
async fn entra_refuses_in_its_own_words() {
    let azure = Azure::new().await;
    let connection = azure.emulator.connection().clone();
    let scope = format!("{}/.default", connection.arm_endpoint);
    let with = |client: &str, secret: &str, grant: &str| {
        [
            ("grant_type", grant.to_owned()),
            ("client_id", client.to_owned()),
            ("client_secret", secret.to_owned()),
            ("scope", scope.clone()),
        ]
    };
    let cases = [
        (
            with(&connection.client_id, "wrong", "client_credentials"),
            401,
            "invalid_client",
            7_000_215,
        ),
        (
            with("nobody", &connection.client_secret, "client_credentials"),
            400,
            "unauthorized_client",
            700_016,
        ),
        (
            with(&connection.client_id, &connection.client_secret, "password"),
            400,
            "unsupported_grant_type",
            70_003,
        ),
    ];
    for (form, status, error, code) in cases {
        let form: Vec<(&str, &str)> = form.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let answer = azure.token(&form).await.expect(status);
        assert_eq!(answer.body["error"], error);
        assert_eq!(answer.body["error_codes"][0], code);
        assert!(
            answer.body["error_description"]
                .as_str()
                .unwrap()
                .starts_with(&format!("AADSTS{code}: "))
        );
        assert!(!answer.text.contains(&connection.client_secret));
    }
    let answer = azure
        .token_of("11111111-1111-4111-8111-111111111111", &[])
        .await
        .expect(400);
    assert_eq!(answer.body["error_codes"][0], 90_002);
    azure.token(&[]).await.expect(400);
}

#[tokio::test]
async fn a_federated_identity_exchanges_its_assertion() {
    let mut azure = Azure::new().await;
    let subject = "system:serviceaccount:ns:sa";
    let connection = azure.emulator.connection().clone();
    let scope = format!("{}/.default", connection.arm_endpoint);
    let ask = async |azure: &Azure, assertion: &str| {
        azure
            .token(&[
                ("grant_type", "client_credentials"),
                ("client_id", &connection.client_id),
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ),
                ("client_assertion", assertion),
                ("scope", &scope),
            ])
            .await
    };
    let assertion = azure
        .emulator
        .issue_assertion(subject, Duration::from_secs(600))
        .unwrap();
    assert_eq!(
        ask(&azure, &assertion).await.expect(401).body["error_codes"][0],
        700_213
    );
    azure
        .emulator
        .federate(FederatedCredential::new(azure.emulator.issuer(), subject));
    let token = ask(&azure, &assertion).await.expect(200).body["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    azure.set_token(&token);
    assert_eq!(status_of(&azure).await.0, 200);
    let old = azure.emulator.issue_assertion(subject, Duration::ZERO).unwrap();
    assert_eq!(
        ask(&azure, &old).await.expect(401).body["error_codes"][0],
        700_024
    );
    let (head, _) = assertion.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", "A".repeat(86));
    assert_eq!(
        ask(&azure, &forged).await.expect(401).body["error_codes"][0],
        700_027
    );
    assert_eq!(
        ask(&azure, "nonsense").await.expect(401).body["error_codes"][0],
        50_027
    );
}

#[tokio::test]
async fn an_external_issuer_is_matched_by_issuer_subject_and_audience() {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let credential = FederatedCredential::new("https://issuer.example/", "sub");
    let azure = Azure::start(Options {
        federated_credentials: vec![credential],
        ..Options::default()
    })
    .await;
    let connection = azure.emulator.connection().clone();
    let ask = async |audience: &str| {
        let claims =
            format!(r#"{{"iss":"https://issuer.example/","sub":"sub","aud":"{audience}","exp":4102444800}}"#);
        let assertion = format!(
            "{}.{}.{}",
            encode(r#"{"alg":"RS256","typ":"JWT"}"#),
            encode(&claims),
            encode("s")
        );
        azure
            .token(&[
                ("grant_type", "client_credentials"),
                ("client_id", &connection.client_id),
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ),
                ("client_assertion", &assertion),
                ("scope", "https://management.azure.com//.default"),
            ])
            .await
    };
    ask("api://AzureADTokenExchange").await.expect(200);
    assert_eq!(
        ask("api://other").await.expect(401).body["error_codes"][0],
        700_212
    );
}

#[tokio::test]
async fn discovery_leads_to_the_token_endpoint() {
    let mut azure = Azure::new().await;
    azure.set_token("");
    let connection = azure.emulator.connection().clone();
    let path = format!("/{}/v2.0/.well-known/openid-configuration", connection.tenant_id);
    let configuration = azure.get(&path).await.expect(200).body;
    let endpoint = format!(
        "{}/{}/oauth2/v2.0/token",
        connection.authority_host, connection.tenant_id
    );
    assert_eq!(configuration["token_endpoint"], endpoint);
    let keys = azure
        .get(configuration["jwks_uri"].as_str().unwrap())
        .await
        .expect(200);
    assert_eq!(keys.body["keys"][0]["kty"], "EC");
    let authority = escape(&format!("{}/x/oauth2/v2.0/authorize", connection.authority_host));
    let instance = azure
        .get(&format!(
            "/common/discovery/instance?api-version=1.1&authorization_endpoint={authority}"
        ))
        .await
        .expect(200);
    assert!(instance.body["tenant_discovery_endpoint"].is_string());
    azure
        .get("/00000000-0000-0000-0000-000000000000/v2.0/.well-known/openid-configuration")
        .await
        .expect(400);
}
