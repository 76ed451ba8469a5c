//! Records of an app: what is told, and when that is not enough.

use kompox_domain::cluster::ChangeAction;
use kompox_domain::dns::{DnsReport, GapReason, HostGap, RecordChange, RecordKind, Visibility};
use kompox_domain::driver::DnsRequest;
use kompox_domain::{ErrorKind, Mode, Operation};
use kompox_usecase::dns;

use crate::support::{chain, context, driver, error, scope};

fn record(action: ChangeAction, host: &str) -> RecordChange {
    RecordChange {
        action,
        host: host.to_owned(),
        kind: RecordKind::A,
        values: vec!["192.0.2.1".to_owned()],
        zone: "/zones/example.com".to_owned(),
        visibility: Visibility::Public,
        reason: "it is somebody else's".to_owned(),
    }
}

fn gap(host: &str, reason: GapReason) -> HostGap {
    HostGap {
        host: host.to_owned(),
        source: "Ingress shop/web".to_owned(),
        reason,
        message: "it has no address yet".to_owned(),
    }
}

fn partly() -> DnsReport {
    DnsReport {
        records: vec![
            record(ChangeAction::Create, "a.example.com"),
            record(ChangeAction::Block, "b.example.com"),
        ],
        gaps: vec![gap("c.example.com", GapReason::NoAddress)],
    }
}

#[tokio::test]
async fn a_name_that_is_not_published_is_a_warning_and_with_strict_an_error_that_names_each() {
    for strict in [false, true] {
        let mut driver = driver(&[Operation::DnsDeploy]);
        driver
            .on_dns()
            .expect_deploy()
            .returning(|_, _, _, _| Ok(partly()));
        let (cx, recorder) = context();
        let outcome = dns::deploy(
            &driver,
            &cx,
            &scope(&[]),
            &DnsRequest::default(),
            Mode::Apply,
            strict,
        )
        .await
        .unwrap();
        assert_eq!(outcome.report, partly());
        if strict {
            assert!(recorder.warnings().is_empty());
            let refusal = outcome.refusal.unwrap();
            assert_eq!(refusal.kind(), ErrorKind::Conflict);
            assert_eq!(
                refusal.to_string(),
                "2 names of app /ws/w/prv/p/cls/c/app/a are not published"
            );
            let codes: Vec<&str> = refusal
                .failures()
                .iter()
                .map(|failed| failed.code.as_str())
                .collect();
            assert_eq!(codes, ["foreignRecord", "noAddress"]);
        } else {
            assert!(outcome.refusal.is_none());
            assert_eq!(
                recorder.warnings(),
                [
                    "the A record of b.example.com in public zone example.com is in the way: it is somebody else's",
                    "c.example.com is not published: it has no address yet (Ingress shop/web)",
                ]
            );
        }
    }
}

#[tokio::test]
async fn only_what_has_no_address_or_zone_is_a_matter_of_time_and_not_of_conflict() {
    let mut driver = driver(&[Operation::DnsDeploy]);
    driver.on_dns().expect_deploy().returning(|_, _, _, _| {
        Ok(DnsReport {
            records: vec![],
            gaps: vec![gap("c.example.com", GapReason::NoZone)],
        })
    });
    let outcome = dns::deploy(
        &driver,
        &context().0,
        &scope(&[]),
        &DnsRequest::default(),
        Mode::Apply,
        true,
    )
    .await
    .unwrap();
    let refusal = outcome.refusal.unwrap();
    assert_eq!(refusal.kind(), ErrorKind::Precondition);
    assert_eq!(
        refusal.to_string(),
        "one name of app /ws/w/prv/p/cls/c/app/a is not published"
    );
    assert!(!refusal.failures()[0].hints.is_empty());
}

#[tokio::test]
async fn what_stays_of_others_when_ours_is_deleted_is_told_the_same_way() {
    for strict in [false, true] {
        let mut driver = driver(&[Operation::DnsDestroy]);
        driver
            .on_dns()
            .expect_destroy()
            .withf(|_, _, mode| *mode == Mode::Plan)
            .returning(|_, _, _| {
                Ok(DnsReport {
                    records: vec![
                        record(ChangeAction::Delete, "a.example.com"),
                        record(ChangeAction::Keep, "a.example.com"),
                    ],
                    gaps: vec![],
                })
            });
        let (cx, recorder) = context();
        let outcome = dns::destroy(&driver, &cx, &scope(&[]), Mode::Plan, strict)
            .await
            .unwrap();
        assert_eq!(outcome.refusal.is_some(), strict);
        assert_eq!(recorder.warnings().len(), usize::from(!strict));
    }
}

#[tokio::test]
async fn what_fails_says_what_was_being_done_and_a_driver_without_dns_is_never_asked() {
    let mut failing = driver(&[Operation::DnsDeploy, Operation::DnsDestroy]);
    failing
        .on_dns()
        .expect_deploy()
        .returning(|_, _, _, _| Err(error(ErrorKind::PermissionDenied, "forbidden")));
    failing
        .on_dns()
        .expect_destroy()
        .returning(|_, _, _| Err(error(ErrorKind::NotFound, "gone")));
    let (cx, _) = context();
    let request = DnsRequest::default();
    let refused = dns::deploy(&failing, &cx, &scope(&[]), &request, Mode::Apply, true)
        .await
        .unwrap_err();
    assert_eq!(
        chain(&refused),
        [
            "cannot publish what app /ws/w/prv/p/cls/c/app/a is served under",
            "forbidden"
        ]
    );
    let refused = dns::destroy(&failing, &cx, &scope(&[]), Mode::Apply, false)
        .await
        .unwrap_err();
    assert_eq!(
        chain(&refused),
        [
            "cannot delete the DNS records of app /ws/w/prv/p/cls/c/app/a",
            "gone"
        ]
    );
    let without = driver(&[]);
    let refused = dns::deploy(&without, &cx, &scope(&[]), &request, Mode::Apply, false)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    let refused = dns::destroy(&without, &cx, &scope(&[]), Mode::Apply, false)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
}
