//! Outbound types: from which to which AKS migrates a cluster that is there
//! (learn.microsoft.com/azure/aks/egress-outboundtype).

use crate::settings::cluster::OUTBOUND_TYPES;

/// A type, and those that a cluster goes to from it.
type Ways = &'static [(&'static str, &'static [&'static str])];

/// In a network that AKS has made.
const MANAGED: Ways = &[
    (
        "loadBalancer",
        &["managedNATGateway", "managedNATGatewayV2", "none", "block"],
    ),
    ("managedNATGateway", &["managedNATGatewayV2", "none", "block"]),
    ("managedNATGatewayV2", &[]),
    (
        "none",
        &[
            "loadBalancer",
            "managedNATGateway",
            "managedNATGatewayV2",
            "block",
        ],
    ),
    (
        "block",
        &["loadBalancer", "managedNATGateway", "managedNATGatewayV2", "none"],
    ),
];

/// In a network of one's own.
const OWN: Ways = &[
    (
        "loadBalancer",
        &["userAssignedNATGateway", "userDefinedRouting", "none"],
    ),
    (
        "userAssignedNATGateway",
        &["loadBalancer", "userDefinedRouting", "none"],
    ),
    (
        "userDefinedRouting",
        &["loadBalancer", "userAssignedNATGateway", "none"],
    ),
    (
        "none",
        &["loadBalancer", "userAssignedNATGateway", "userDefinedRouting"],
    ),
];

/// What AKS does to a cluster that is migrated.
pub(crate) const DISRUPTS: &str =
    "it interrupts connections to the outside and changes the address that they come from";

/// Why a cluster does not go from one type to another; none where it does.
pub(crate) fn refused(own_network: bool, from: &str, to: &str) -> Option<String> {
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    if same(from, to) {
        return None;
    }
    let ways = if own_network { OWN } else { MANAGED };
    let known = ways.iter().find(|(known, _)| same(known, from));
    let goals = known.map_or(&[][..], |(_, goals)| goals);
    if goals.iter().any(|goal| same(goal, to)) {
        return None;
    }
    let network = if own_network {
        "in a network of one's own"
    } else {
        "in a network of its own making"
    };
    Some(if goals.is_empty() {
        format!("{network} AKS lets no cluster leave {from}")
    } else {
        let settable = |goal: &&str| OUTBOUND_TYPES.contains(goal);
        let idle = if goals.iter().any(settable) {
            ""
        } else {
            ", none of which can be set here"
        };
        format!(
            "{network} AKS takes a cluster from {from} only to {}{idle}",
            goals.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: [&str; 7] = [
        "loadBalancer",
        "managedNATGateway",
        "managedNATGatewayV2",
        "userAssignedNATGateway",
        "userDefinedRouting",
        "none",
        "block",
    ];

    /// As a table of AKS's document: a row for each type, `x` where a cluster goes from it to that of the column.
    fn table(own_network: bool) -> Vec<String> {
        let row = |from: &str| -> String {
            let cell = |to: &&str| match refused(own_network, from, to) {
                None if *to == from => '=',
                None => 'x',
                Some(_) => '.',
            };
            TYPES.iter().map(cell).collect()
        };
        TYPES.iter().map(|from| row(from)).collect()
    }

    #[test]
    fn the_ways_are_those_of_akss_tables() {
        assert_eq!(
            table(false),
            [
                "=xx..xx", ".=x..xx", "..=....", "...=...", "....=..", "xxx..=x", "xxx..x="
            ]
        );
        assert_eq!(
            table(true),
            [
                "=..xxx.", ".=.....", "..=....", "x..=xx.", "x..x=x.", "x..xx=.", "......="
            ]
        );
    }

    #[test]
    fn a_refusal_says_where_no_way_is_one_of_ours() {
        let told = |from: &str| refused(false, from, "userDefinedRouting").unwrap();
        assert!(told("managedNATGateway").ends_with("block, none of which can be set here"));
        assert!(told("loadBalancer").ends_with("none, block"));
    }

    #[test]
    fn a_refusal_names_the_ways_there_are() {
        let told = refused(false, "managedNATGateway", "loadBalancer").unwrap();
        assert!(
            told.contains("only to managedNATGatewayV2, none, block"),
            "{told}"
        );
        let told = refused(false, "managedNATGatewayV2", "loadBalancer").unwrap();
        assert!(told.contains("no cluster leave managedNATGatewayV2"), "{told}");
    }
}
