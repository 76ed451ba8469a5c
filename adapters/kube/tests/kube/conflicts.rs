//! Other programs that look after fields of ours.

use kompox_domain::hint::in_words;
use std::error::Error as _;

use kompox_domain::ErrorKind;
use kompox_kube::Traefik;
use serde_json::json;

use crate::world::{World, traefik};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/traefik/deployments/traefik";

#[tokio::test]
async fn a_field_of_another_program_is_a_conflict_that_names_both_and_force_takes_it() {
    let world = World::lively().await;
    world.install(&traefik()).await.unwrap();
    let theirs = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "traefik" },
        "spec": { "replicas": 5 }
    });
    world.api.apply_as("scaler", DEPLOYMENT, &theirs).await;
    let error = world.install(&traefik()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(
        error.to_string().contains("Deployment traefik/traefik"),
        "{error}"
    );
    let cause = error.source().unwrap().to_string();
    assert!(
        cause.contains("scaler") && cause.contains(".spec.replicas"),
        "{cause}"
    );
    assert!(in_words(error.hints()).contains("with force"));
    let live = world.api.must("GET", DEPLOYMENT, None).await;
    assert_eq!(live["spec"]["replicas"], 5);
    world.install_by(&traefik(), true).await.unwrap();
    let live = world.api.must("GET", DEPLOYMENT, None).await;
    assert_eq!(live["spec"]["replicas"], 2);
}

#[tokio::test]
async fn what_the_api_server_finds_invalid_is_told_field_by_field() {
    let world = World::lively().await;
    let wrong = Traefik {
        pod_labels: [("example.com/use".to_owned(), "not a label!".to_owned())].into(),
        ..traefik()
    };
    let error = world.install(&wrong).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
    let cause = error.source().unwrap().to_string();
    assert!(
        cause.contains("spec.template") && cause.contains("not a label!"),
        "{cause}"
    );
}
