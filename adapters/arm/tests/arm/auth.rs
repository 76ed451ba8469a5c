//! Signing in, against the token endpoint of the embedded Entra.

use kompox_domain::hint::in_words;
use std::time::Duration;

use kompox_arm::{ArmRequest, AuthMethod};
use kompox_azure_emulator::{FederatedCredential, RequestKind};
use kompox_domain::{Error, ErrorKind, Secret};

use crate::support::{World, client_as};

async fn try_as(world: &World, method: AuthMethod) -> Result<(), Error> {
    let arm = client_as(&world.emulator, method);
    let url = arm.url(&world.group, "2025-04-01").unwrap();
    arm.send(&world.cx, &ArmRequest::get(url))
        .await
        .map(drop)
        .map_err(Error::from)
}

fn ids(world: &World) -> (String, String) {
    (
        world.emulator.connection().tenant_id.clone(),
        world.emulator.connection().client_id.clone(),
    )
}

/// How often somebody signed in.
fn grants(world: &World) -> usize {
    let asked = world.logged(RequestKind::Token);
    asked.iter().filter(|request| request.method == "POST").count()
}

#[tokio::test]
async fn a_wrong_secret_says_so_and_shows_no_secret() {
    let world = World::new().await;
    let (tenant_id, client_id) = ids(&world);
    let secret = Secret::new("hunter2".to_owned());
    let error = try_as(
        &world,
        AuthMethod::ClientSecret {
            tenant_id,
            client_id,
            secret,
        },
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(
        in_words(error.hints()).contains("client secret is wrong"),
        "{:?}",
        error.hints()
    );
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn an_unknown_application_or_tenant_is_named_in_the_advice() {
    let world = World::new().await;
    let (tenant_id, _) = ids(&world);
    let secret = || Secret::new("s".to_owned());
    let nobody = "00000000-0000-0000-0000-00000000dead".to_owned();
    let method = AuthMethod::ClientSecret {
        tenant_id,
        client_id: nobody.clone(),
        secret: secret(),
    };
    let error = try_as(&world, method).await.unwrap_err();
    assert!(in_words(error.hints()).contains("AZURE_CLIENT_ID"));
    let method = AuthMethod::ClientSecret {
        tenant_id: nobody.clone(),
        client_id: nobody,
        secret: secret(),
    };
    let error = try_as(&world, method).await.unwrap_err();
    assert!(in_words(error.hints()).contains("AZURE_TENANT_ID"));
}

#[tokio::test]
async fn a_workload_identity_signs_in_with_the_token_in_its_file() {
    let world = World::new().await;
    let (tenant_id, client_id) = ids(&world);
    let subject = "system:serviceaccount:ops:kompoxops";
    world
        .emulator
        .federate(FederatedCredential::new(world.emulator.issuer(), subject));
    let directory = tempfile::tempdir().unwrap();
    let token_file = directory.path().join("token");
    let token = world
        .emulator
        .issue_assertion(subject, Duration::from_secs(600))
        .unwrap();
    // What an editor or `echo` puts around it is not sent.
    std::fs::write(&token_file, format!("\u{feff}{token}\r\n")).unwrap();
    let method = || AuthMethod::WorkloadIdentity {
        tenant_id: tenant_id.clone(),
        client_id: client_id.clone(),
        token_file: token_file.clone(),
    };
    try_as(&world, method()).await.unwrap();
    std::fs::write(&token_file, format!("{token} ")).unwrap();
    let error = try_as(&world, method()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let stranger = world
        .emulator
        .issue_assertion("system:serviceaccount:x:y", Duration::from_secs(600))
        .unwrap();
    std::fs::write(&token_file, stranger).unwrap();
    let error = try_as(&world, method()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(
        in_words(error.hints()).contains("federated credential"),
        "{:?}",
        error.hints()
    );
}

#[tokio::test]
async fn a_token_file_that_is_gone_or_no_file_when_a_token_is_needed_is_named() {
    let world = World::new().await;
    let (tenant_id, client_id) = ids(&world);
    let directory = tempfile::tempdir().unwrap();
    let token_file = directory.path().join("token");
    std::fs::write(&token_file, "t").unwrap();
    let method = AuthMethod::WorkloadIdentity {
        tenant_id,
        client_id,
        token_file: token_file.clone(),
    };
    let arm = client_as(&world.emulator, method);
    std::fs::remove_file(&token_file).unwrap();
    for what in ["does not exist", "is a directory, not a regular file"] {
        let url = arm.url(&world.group, "2025-04-01").unwrap();
        let error: Error = arm
            .send(&world.cx, &ArmRequest::get(url))
            .await
            .unwrap_err()
            .into();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        let told = std::iter::successors(Some(&error as &dyn std::error::Error), |cause| cause.source())
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ");
        let named = format!("AZURE_FEDERATED_TOKEN_FILE {} {what}", token_file.display());
        assert!(told.contains(&named), "{told}");
        let _ = std::fs::create_dir(&token_file);
    }
}

#[tokio::test]
async fn many_requests_at_once_share_one_token() {
    let world = World::new().await;
    let (tenant_id, client_id) = ids(&world);
    let secret = Secret::new(world.emulator.connection().client_secret.clone());
    let arm = client_as(
        &world.emulator,
        AuthMethod::ClientSecret {
            tenant_id,
            client_id,
            secret,
        },
    );
    let url = arm.url(&world.group, "2025-04-01").unwrap();
    let request = ArmRequest::get(url);
    let all = futures::future::join_all((0..20).map(|_| arm.send(&world.cx, &request))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(grants(&world), 1);
}

#[tokio::test]
async fn a_token_refused_twice_is_not_asked_for_a_third_time() {
    let world = World::new().await;
    let refusal = kompox_azure_emulator::FaultAction::respond(401, "InvalidAuthenticationToken", "No.");
    world.fault(kompox_azure_emulator::FaultRule::new(
        "GET",
        "**/resourceGroups/**",
        refusal,
    ));
    let url = world.arm.url(&world.group, "2025-04-01").unwrap();
    let error = Error::from(
        world
            .arm
            .send(&world.cx, &ArmRequest::get(url))
            .await
            .unwrap_err(),
    );
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(world.logged(RequestKind::Read).len(), 2);
}

#[tokio::test]
async fn many_refused_at_once_sign_in_once_more_and_all_succeed() {
    let world = World::new().await;
    let request = ArmRequest::get(world.arm.url(&world.group, "2025-04-01").unwrap());
    world.emulator.expire_tokens().await.unwrap();
    world.emulator.clear_requests();
    let all = futures::future::join_all((0..20).map(|_| world.arm.send(&world.cx, &request))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(grants(&world), 1);
}

#[tokio::test]
async fn an_entra_in_trouble_is_asked_again_and_is_not_the_users_fault() {
    let world = World::new().await;
    let trouble = || kompox_azure_emulator::FaultAction::respond(503, "ServerBusy", "Busy.");
    world.emulator.expire_tokens().await.unwrap();
    world.fault(kompox_azure_emulator::FaultRule::new("POST", "**/token", trouble()).times(2));
    let request = ArmRequest::get(world.arm.url(&world.group, "2025-04-01").unwrap());
    assert!(world.arm.send(&world.cx, &request).await.is_ok());
    world.emulator.expire_tokens().await.unwrap();
    world.fault(kompox_azure_emulator::FaultRule::new(
        "POST",
        "**/token",
        trouble(),
    ));
    let error = Error::from(world.arm.send(&world.cx, &request).await.unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.correlation_id().is_some());
}

const AKS: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

#[tokio::test]
async fn a_token_for_something_else_is_asked_for_once_and_is_for_that_alone() {
    let world = World::new().await;
    let scope = format!("{AKS}/.default");
    let (token, expires_at) = world.arm.token(&world.cx, &scope).await.unwrap();
    let left = expires_at - time::OffsetDateTime::now_utc();
    assert!(left > time::Duration::minutes(5), "{left}");
    let (again, _) = world.arm.token(&world.cx, &scope).await.unwrap();
    assert!(token == again);
    assert_eq!(grants(&world), 1);

    let claims = token.expose().split('.').nth(1).unwrap().to_owned();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], AKS);
}

#[tokio::test]
async fn a_token_for_something_else_is_waited_for_but_not_past_the_deadline() {
    let world = World::new().await;
    let scope = format!("{AKS}/.default");
    let trouble = || kompox_azure_emulator::FaultAction::respond(503, "ServerBusy", "Busy.");
    world.fault(kompox_azure_emulator::FaultRule::new("POST", "**/token", trouble()).times(2));
    assert!(world.arm.token(&world.cx, &scope).await.is_ok());

    let silence = kompox_azure_emulator::FaultAction::Hang;
    world.fault(kompox_azure_emulator::FaultRule::new("POST", "**/token", silence));
    let late = world.deadline(Duration::from_millis(50));
    let error = Error::from(
        world
            .arm
            .token(&late, "https://vault.azure.net/.default")
            .await
            .unwrap_err(),
    );
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.correlation_id().is_some());
}
