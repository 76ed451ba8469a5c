//! Zones, names and records as they come.

use proptest::prelude::*;

use super::super::{Refused, Visibility};
use super::*;

fn owner() -> Owner {
    Owner {
        cluster: "w/p/c".to_owned(),
        app: "w/p/a".to_owned(),
    }
}

fn zone(name: &str, visibility: Visibility) -> Zone {
    Zone {
        id: format!("/{visibility}/{name}"),
        name: name.parse().unwrap(),
        visibility,
    }
}

fn public(names: &[&str]) -> Vec<Zone> {
    names.iter().map(|name| zone(name, Visibility::Public)).collect()
}

fn served(host: &str, addresses: &[&str]) -> Served {
    Served {
        host: host.to_owned(),
        addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
        source: format!("Ingress ns/{host}"),
        refused: None,
    }
}

fn refused(host: &str) -> Served {
    Served {
        refused: Some(Refused {
            reason: GapReason::OtherIngress,
            message: "another serves it".to_owned(),
        }),
        ..served(host, &["192.0.2.9"])
    }
}

fn set(name: &str, kind: &str, values: &[&str], ours: bool) -> RecordSet {
    let marks = owner().marks().map(|(k, v)| (k.to_owned(), v.to_owned()));
    RecordSet {
        name: name.to_owned(),
        written_kind: kind.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        ttl: 300,
        metadata: if ours { marks.into() } else { BTreeMap::new() },
        version: "1".to_owned(),
    }
}

/// Where the wanted record sets are: `zone/name kind values`.
fn shown(desired: &DesiredRecords) -> Vec<String> {
    let values = |wanted: &DesiredRecord| wanted.values.iter().cloned().collect::<Vec<_>>().join(",");
    desired
        .records
        .iter()
        .map(|wanted| {
            format!(
                "{}/{} {} {}",
                wanted.zone,
                wanted.name,
                wanted.kind,
                values(wanted)
            )
        })
        .collect()
}

fn told(decisions: &[Decision]) -> Vec<String> {
    decisions
        .iter()
        .map(|decision| format!("{} {} {}", decision.action, decision.name, decision.kind))
        .collect()
}

fn gaps(desired: &DesiredRecords) -> Vec<GapReason> {
    desired.gaps.iter().map(|gap| gap.reason).collect()
}

fn decided(served: &[Served], there: Vec<RecordSet>) -> Vec<String> {
    let desired = desired_records(served, &public(&["example.com"]));
    told(&decide(&owner(), &desired, &[there], true))
}

#[test]
fn b56_the_zone_is_the_one_with_the_longest_fitting_name_whatever_the_case() {
    let zones = public(&["Example.com", "dev.EXAMPLE.com.", "ample.com"]);
    let desired = desired_records(
        &[
            served("www.example.com", &["192.0.2.1"]),
            served("WWW.Dev.Example.Com.", &["192.0.2.2"]),
            served("notdev.example.com", &["192.0.2.3"]),
        ],
        &zones,
    );
    assert_eq!(
        shown(&desired),
        ["0/notdev A 192.0.2.3", "1/www A 192.0.2.2", "0/www A 192.0.2.1"]
    );
}

#[test]
fn a_public_and_a_private_zone_of_one_name_both_get_the_record() {
    let zones = [
        zone("example.com", Visibility::Public),
        zone("example.com", Visibility::Private),
        zone("com", Visibility::Private),
    ];
    let desired = desired_records(&[served("*.example.com", &["192.0.2.1"])], &zones);
    assert_eq!(shown(&desired), ["0/* A 192.0.2.1", "1/* A 192.0.2.1"]);
}

#[test]
fn the_type_follows_from_the_addresses() {
    let zones = public(&["example.com"]);
    let of = |addresses: &[&str]| desired_records(&[served("www.example.com", addresses)], &zones);
    assert_eq!(
        shown(&of(&["192.0.2.2", "192.0.2.1"])),
        ["0/www A 192.0.2.1,192.0.2.2"]
    );
    assert_eq!(shown(&of(&["2001:DB8::1"])), ["0/www AAAA 2001:db8::1"]);
    assert_eq!(
        shown(&of(&["192.0.2.1", "2001:db8::1"])),
        ["0/www A 192.0.2.1", "0/www AAAA 2001:db8::1"]
    );
    assert_eq!(shown(&of(&["LB.example.net."])), ["0/www CNAME lb.example.net"]);
    assert_eq!(gaps(&of(&[])), [GapReason::NoAddress]);
    assert_eq!(
        gaps(&of(&["lb.example.net", "192.0.2.1"])),
        [GapReason::MixedAddresses]
    );
    assert_eq!(gaps(&of(&["a.net", "b.net"])), [GapReason::MixedAddresses]);
}

#[test]
fn what_cannot_be_published_is_told_and_the_rest_is_published() {
    let zones = public(&["example.com"]);
    let desired = desired_records(
        &[
            served("example.com", &["lb.example.net"]),
            served("elsewhere.net", &["192.0.2.1"]),
            served("no name", &["192.0.2.1"]),
            served("www.example.com", &["192.0.2.1"]),
        ],
        &zones,
    );
    assert_eq!(
        gaps(&desired),
        [GapReason::InvalidName, GapReason::NoZone, GapReason::AliasAtApex]
    );
    assert!(
        desired.gaps[2].message.contains("another name"),
        "{:?}",
        desired.gaps[2]
    );
    assert_eq!(shown(&desired), ["0/www A 192.0.2.1"]);
}

#[test]
fn what_is_missing_is_made_what_is_ours_is_changed_and_what_is_right_is_left() {
    let www = [served("www.example.com", &["192.0.2.1"])];
    assert_eq!(decided(&www, vec![]), ["create www A"]);
    assert_eq!(
        decided(&www, vec![set("WWW", "A", &["192.0.2.9"], true)]),
        ["update www A"]
    );
    assert_eq!(
        decided(&www, vec![set("www", "A", &["192.0.2.1"], true)]),
        ["keep www A"]
    );
}

#[test]
fn b56_somebody_elses_record_is_neither_overwritten_nor_deleted() {
    let www = [served("www.example.com", &["192.0.2.1"])];
    assert_eq!(
        decided(&www, vec![set("www", "A", &["192.0.2.9"], false)]),
        ["block www A"]
    );
    assert_eq!(
        decided(&www, vec![set("www", "A", &["192.0.2.1"], false)]),
        ["keep www A"]
    );
    assert_eq!(
        decided(&www, vec![set("www", "CNAME", &["x.net"], false)]),
        ["block www A"]
    );
    assert_eq!(
        decided(&www, vec![set("www", "AAAA", &["2001:db8::1"], false)]),
        ["keep www AAAA", "create www A"]
    );
    let alias = [served("www.example.com", &["lb.example.net"])];
    assert_eq!(
        decided(&alias, vec![set("www", "TXT", &[], false)]),
        ["block www CNAME"]
    );
    let there = vec![
        set("www", "A", &["192.0.2.1"], true),
        set("www", "AAAA", &["2001:db8::1"], false),
        set("mail", "A", &["192.0.2.3"], false),
        set("www", "TXT", &[], true),
        set("txt", "TXT", &[], true),
    ];
    assert_eq!(
        told(&destroy(&owner(), &[there])),
        ["delete www A", "keep www AAAA"]
    );
}

#[test]
fn a_change_of_type_deletes_before_it_makes() {
    let alias = [served("www.example.com", &["lb.example.net"])];
    let there = vec![
        set("www", "A", &["192.0.2.1"], true),
        set("www", "AAAA", &["2001:db8::1"], true),
    ];
    assert_eq!(
        decided(&alias, there),
        ["delete www A", "delete www AAAA", "create www CNAME"]
    );
    let www = [served("www.example.com", &["192.0.2.1"])];
    assert_eq!(
        decided(&www, vec![set("www", "CNAME", &["lb.example.net"], true)]),
        ["delete www CNAME", "create www A"]
    );
}

#[test]
fn what_is_ours_and_no_longer_served_goes_only_when_everything_was_looked_at() {
    let zones = public(&["example.com"]);
    let pending = desired_records(&[served("soon.example.com", &[])], &zones);
    let there = [vec![
        set("old", "A", &["192.0.2.1"], true),
        set("soon", "A", &["192.0.2.1"], true),
        set("foreign", "A", &["192.0.2.1"], false),
    ]];
    assert_eq!(
        told(&decide(&owner(), &pending, &there, true)),
        ["delete old A", "keep soon A"]
    );
    assert_eq!(
        told(&decide(&owner(), &pending, &there, false)),
        ["keep old A", "keep soon A"]
    );
}

/// What a zone would hold after all of it was done.
fn after(there: &[RecordSet], decisions: &[Decision]) -> Vec<RecordSet> {
    let mut after = there.to_vec();
    for decision in decisions {
        let same =
            |set: &RecordSet| set.name.eq_ignore_ascii_case(&decision.name) && set.kind() == decision.kind;
        match decision.action {
            ChangeAction::Delete => after.retain(|set| !same(set)),
            ChangeAction::Create | ChangeAction::Update => {
                after.retain(|set| !same(set));
                let mut made = set(&decision.name, decision.kind.as_str(), &[], true);
                made.values.clone_from(&decision.values);
                after.push(made);
                let alone = after.iter().any(|set| {
                    set.name.eq_ignore_ascii_case(&decision.name) && set.kind() == RecordKind::Cname
                });
                let count = after
                    .iter()
                    .filter(|set| set.name.eq_ignore_ascii_case(&decision.name))
                    .count();
                assert!(!alone || count == 1, "an alias is not alone: {after:?}");
            }
            ChangeAction::Keep | ChangeAction::Block => {}
        }
    }
    after
}

fn some_set() -> impl Strategy<Value = RecordSet> {
    let kind = prop::sample::select(vec!["A", "AAAA", "CNAME", "TXT"]);
    ("[ab]", kind, 0..2_u8, any::<bool>()).prop_map(|(name, kind, value, ours)| {
        let value = match kind {
            "A" => format!("192.0.2.{value}"),
            "AAAA" => format!("2001:db8::{value}"),
            _ => format!("x{value}.net"),
        };
        set(&name, kind, &[&value], ours)
    })
}

/// As zones are: one set of each type and name, and an alias alone.
fn as_in_a_zone(sets: Vec<RecordSet>) -> Vec<RecordSet> {
    let mut zone: Vec<RecordSet> = Vec::new();
    for one in sets {
        let clash = zone.iter().any(|there| {
            there.name == one.name
                && (there.kind() == one.kind()
                    || there.kind() == RecordKind::Cname
                    || one.kind() == RecordKind::Cname)
        });
        if !clash {
            zone.push(one);
        }
    }
    zone
}

fn some_served() -> impl Strategy<Value = Served> {
    let address = prop::sample::select(vec!["192.0.2.0", "192.0.2.1", "2001:db8::", "x0.net"]);
    ("[ab]", prop::collection::vec(address, 0..2))
        .prop_map(|(name, addresses)| served(&format!("{name}.example.com"), &addresses))
}

proptest! {
    #[test]
    fn foreign_records_stay_and_a_second_run_does_nothing(
        there in prop::collection::vec(some_set(), 0..8).prop_map(as_in_a_zone),
        served in prop::collection::vec(some_served(), 0..3),
    ) {
        let desired = desired_records(&served, &public(&["example.com"]));
        let decisions = decide(&owner(), &desired, std::slice::from_ref(&there), true);
        let left = after(&there, &decisions);
        for foreign in there.iter().filter(|set| !owner().owns(set)) {
            prop_assert!(left.contains(foreign), "{:?}", foreign);
        }
        let again = decide(&owner(), &desired, std::slice::from_ref(&left), true);
        prop_assert!(
            again.iter().all(|decision| matches!(decision.action, ChangeAction::Keep | ChangeAction::Block)),
            "{:?}",
            again
        );
        for wanted in &desired.records {
            let right = left.iter().any(|set| set.name == wanted.name && set.kind() == wanted.kind
                && set.values == wanted.values);
            let blocked = again.iter().any(|decision| decision.name == wanted.name
                && decision.kind == wanted.kind && decision.action == ChangeAction::Block);
            prop_assert!(right != blocked, "{:?}", wanted);
        }
        let destroyed = after(&left, &destroy(&owner(), std::slice::from_ref(&left)));
        let leading = |set: &&RecordSet| set.kind() != RecordKind::Other;
        prop_assert!(destroyed.iter().filter(leading).all(|set| !owner().owns(set)));
        for foreign in there.iter().filter(|set| !owner().owns(set)) {
            prop_assert!(destroyed.contains(foreign), "{:?}", foreign);
        }
    }
}

#[test]
fn what_another_ingress_serves_is_a_gap_and_its_records_stay_as_they_are() {
    let zones = public(&["example.com"]);
    let there = vec![set("gw", "A", &["192.0.2.8"], true)];
    let served = [
        refused("gw.example.com"),
        refused(""),
        served("www.example.com", &["192.0.2.1"]),
    ];
    let desired = desired_records(&served, &zones);
    assert_eq!(gaps(&desired), [GapReason::OtherIngress, GapReason::OtherIngress]);
    let decisions = decide(&owner(), &desired, &[there], true);
    assert_eq!(told(&decisions), ["keep gw A", "create www A"]);
    assert_eq!(decisions[0].values, BTreeSet::from(["192.0.2.8".to_owned()]));
}

#[test]
fn what_is_at_or_below_a_zone_cut_is_refused_and_nothing_else() {
    let zones = [
        zone("example.com", Visibility::Public),
        zone("example.com", Visibility::Private),
    ];
    let hosts = [
        "dev.example.com",
        "a.b.DEV.example.com",
        "*.dev.example.com",
        "xdev.example.com",
        "example.com",
    ];
    let served: Vec<Served> = hosts.iter().map(|host| served(host, &["192.0.2.1"])).collect();
    let nameservers = |name: &str| set(name, "NS", &[], false);
    let public = vec![
        nameservers("@"),
        nameservers("Dev"),
        nameservers("other"),
        // Made before the cut: nobody sees it, and nobody but its maker knows what it is still good for.
        set("dev", "A", &["192.0.2.8"], true),
    ];
    let records = [public, vec![]];
    let desired = desired_records(&served, &zones).without_delegated(&zones, &records);
    assert_eq!(gaps(&desired), [GapReason::Delegated; 3]);
    assert_eq!(desired.gaps[0].source, "Ingress ns/*.dev.example.com");
    for gap in &desired.gaps {
        assert!(
            gap.message.contains("NS records of dev.example.com"),
            "{}",
            gap.message
        );
    }
    assert_eq!(
        told(&decide(&owner(), &desired, &records, true)),
        [
            "create @ A",
            "keep dev A",
            "create xdev A",
            "create *.dev A",
            "create @ A",
            "create a.b.dev A",
            "create dev A",
            "create xdev A"
        ]
    );
}
