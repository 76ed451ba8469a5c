//! What Azure makes by itself beside resources of ours: no stack manages it, and it belongs to nobody else.

use super::inventory::{Found, same};

/// A type that Azure makes, and what ties one of that type to something of ours.
struct SideProduct {
    /// The type, in lower case.
    kind: &'static str,
    /// The api-version with which its properties are read.
    api_version: &'static str,
    /// Which way the tie goes.
    tie: Tie,
    /// What it is, for the user.
    what: &'static str,
}

enum Tie {
    /// It names something of ours.
    Names,
    /// It is named by a side product that names something of ours.
    NamedBy(&'static str),
}

/// All of them.
const TABLE: &[SideProduct] = &[
    // Application Insights makes both for its failure anomalies, in the group of the component.
    SideProduct {
        kind: "microsoft.alertsmanagement/smartdetectoralertrules",
        api_version: "2021-04-01",
        tie: Tie::Names,
        what: "alert rule that Application Insights made",
    },
    SideProduct {
        kind: "microsoft.insights/actiongroups",
        api_version: "2023-01-01",
        tie: Tie::NamedBy("microsoft.alertsmanagement/smartdetectoralertrules"),
        what: "action group that Application Insights made",
    },
    // The monitoring add-on puts its solution beside the workspace.
    SideProduct {
        kind: "microsoft.operationsmanagement/solutions",
        api_version: "2015-11-01-preview",
        tie: Tie::Names,
        what: "solution that Azure added to the workspace",
    },
];

/// The api-version with which the properties of a type must be read to know whose it is. None: no such type.
pub(crate) fn api_version(kind: &str) -> Option<&'static str> {
    TABLE
        .iter()
        .find(|product| product.kind == kind)
        .map(|product| product.api_version)
}

/// Why a resource belongs to one of ours, if Azure made it for that.
pub(crate) fn tie(found: &Found, group: &[Found], ours: &[String]) -> Option<String> {
    let product = TABLE.iter().find(|product| product.kind == found.kind)?;
    let names_ours = |found: &Found| {
        let mut about = found.about.iter();
        about.find_map(|about| ours.iter().find(|id| same(id, about)))
    };
    let of = match product.tie {
        Tie::Names => names_ours(found),
        Tie::NamedBy(kind) => {
            let mut namers = group
                .iter()
                .filter(|namer| namer.kind == kind && namer.about.iter().any(|id| same(id, &found.id)));
            namers.find_map(names_ours)
        }
    }?;
    let name = of.rsplit('/').next().unwrap_or(of);
    Some(format!("{} for {name}", product.what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: &str, name: &str, about: &[&str]) -> Found {
        Found {
            id: format!("/g/{kind}/{name}"),
            kind: kind.to_owned(),
            about: about.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    const RULE: &str = "microsoft.alertsmanagement/smartdetectoralertrules";
    const ACTIONS: &str = "microsoft.insights/actiongroups";

    #[test]
    fn only_what_azure_makes_by_itself_is_looked_into_each_with_a_version_of_its_type() {
        assert_eq!(api_version(RULE), Some("2021-04-01"));
        assert_eq!(api_version(ACTIONS), Some("2023-01-01"));
        assert_eq!(api_version("microsoft.compute/disks"), None);
    }

    #[test]
    fn what_application_insights_makes_is_tied_by_id_and_nothing_else_is() {
        let ours = vec!["/g/components/APPI".to_owned()];
        let actions = found(ACTIONS, "smart", &[]);
        let rule = found(RULE, "anomalies", &["/g/components/appi", &actions.id]);
        let foreign_rule = found(RULE, "mine", &["/g/components/other"]);
        let foreign_actions = found(ACTIONS, "pager", &[]);
        let group = [
            rule.clone(),
            actions.clone(),
            foreign_rule.clone(),
            foreign_actions.clone(),
        ];
        for (found, tied) in [
            (&rule, true),
            (&actions, true),
            (&foreign_rule, false),
            (&foreign_actions, false),
        ] {
            assert_eq!(tie(found, &group, &ours).is_some(), tied, "{}", found.id);
        }
        assert!(
            tie(
                &found("microsoft.compute/disks", "d", &["/g/components/appi"]),
                &group,
                &ours
            )
            .is_none()
        );
    }
}
