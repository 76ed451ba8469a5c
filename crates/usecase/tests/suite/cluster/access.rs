//! `cluster kubeconfig` and `cluster token`.

use kompox_domain::cluster::AccessToken;
use kompox_domain::driver::{Address, Credential, KubeconfigRequest};
use kompox_domain::{ErrorKind, Operation, Secret};
use kompox_usecase::cluster;

use super::ours;
use crate::support::{chain, context, driver, error};

#[tokio::test]
async fn the_request_reaches_the_driver_as_it_is_and_so_does_the_answer() {
    let (cx, _) = context();
    let asked = KubeconfigRequest {
        credential: Credential::User,
        address: Address::Private,
        ..KubeconfigRequest::default()
    };
    let mut driver = driver(&[Operation::ClusterKubeconfig, Operation::ClusterToken]);
    let expected = asked.clone();
    driver
        .on_clusters()
        .expect_kubeconfig()
        .withf(move |_, cluster, request| cluster.path() == ours().path() && *request == expected)
        .times(1)
        .returning(|_, _, _| Ok(Secret::new("kind: Config".to_owned())));
    let answer = cluster::kubeconfig(&driver, &cx, &ours(), &asked).await.unwrap();
    assert_eq!(answer.expose(), "kind: Config");
}

#[tokio::test]
async fn a_driver_without_clusters_gives_no_way_into_one() {
    let (cx, _) = context();
    for credential in [Credential::Auto, Credential::User] {
        let request = KubeconfigRequest {
            credential,
            ..KubeconfigRequest::default()
        };
        let error = cluster::kubeconfig(&driver(&[]), &cx, &ours(), &request)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().ends_with("cluster kubeconfig"), "{error}");
    }
    let error = cluster::token(&driver(&[]), &cx, &ours()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn errors_say_what_was_wanted_of_which_cluster() {
    let (cx, _) = context();
    let mut driver = driver(Operation::ALL);
    driver
        .on_clusters()
        .expect_kubeconfig()
        .returning(|_, _, _| Err(error(ErrorKind::NotFound, "not there")));
    driver
        .on_clusters()
        .expect_token()
        .returning(|_, _| Err(error(ErrorKind::Unauthenticated, "who?")));
    let failed = cluster::kubeconfig(&driver, &cx, &ours(), &KubeconfigRequest::default())
        .await
        .unwrap_err();
    assert_eq!(
        chain(&failed),
        [
            "cannot get a kubeconfig of cluster /ws/w/prv/p/cls/c",
            "not there"
        ]
    );
    let failed = cluster::token(&driver, &cx, &ours()).await.unwrap_err();
    assert_eq!(
        chain(&failed),
        ["cannot get a token for cluster /ws/w/prv/p/cls/c", "who?"]
    );
}

#[tokio::test]
async fn a_token_comes_with_its_end() {
    let (cx, _) = context();
    let expires_at = time::OffsetDateTime::UNIX_EPOCH;
    let mut driver = driver(&[Operation::ClusterToken]);
    driver
        .on_clusters()
        .expect_token()
        .times(1)
        .returning(move |_, _| {
            let token = Secret::new("t".to_owned());
            Ok(AccessToken { token, expires_at })
        });
    let token = cluster::token(&driver, &cx, &ours()).await.unwrap();
    assert_eq!((token.token.expose(), token.expires_at), ("t", expires_at));
}
