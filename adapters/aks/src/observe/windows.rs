//! The windows in which AKS may upgrade a cluster: resources below it, with names that AKS gives.

use kompox_arm::{ArmError, ArmRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ProvisionedCluster;
use super::managed_cluster::CLUSTERS;
use crate::api::MANAGED_CLUSTERS;
use crate::template::names::Names;

/// For each of the two channels.
pub(crate) const SCHEDULES: [&str; 2] = ["aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"];
const KIND: &str = "maintenanceConfigurations";

/// A maintenance configuration of a cluster.
#[derive(Debug, Clone, Deserialize, Default)]
pub(crate) struct MaintenanceConfiguration {
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    properties: Value,
}

impl MaintenanceConfiguration {
    /// Whether it says what the template makes of this value of its parameter, and nothing else.
    pub(crate) fn says(&self, window: &Value) -> bool {
        let there = &self.properties["maintenanceWindow"];
        let weekly = json!({ "intervalWeeks": 1, "dayOfWeek": window["dayOfWeek"] });
        let schedule = there["schedule"].as_object();
        let only_weekly = schedule.is_some_and(|schedule| {
            schedule
                .iter()
                .all(|(kind, recurrence)| kind == "weekly" || recurrence.is_null())
                && schedule.get("weekly") == Some(&weekly)
        });
        let unbroken = there["notAllowedDates"].as_array().is_none_or(Vec::is_empty);
        only_weekly
            && unbroken
            && there["durationHours"] == window["durationHours"]
            && there["startTime"] == window["startTime"]
            && there["utcOffset"].as_str().unwrap_or("+00:00") == window["utcOffset"]
    }
}

impl ProvisionedCluster<'_> {
    /// Where a maintenance configuration of the cluster is, or all of them.
    fn window_path(&self, name: &str) -> Option<String> {
        let names = Names::new(
            &self.session.provider.subscription,
            &self.settings.group,
            &self.scope.path(),
        );
        let cluster = names.of("cluster")?;
        let group = self.group_path();
        let path = format!("{group}/providers/{CLUSTERS}/{cluster}/{KIND}/{name}");
        Some(path.trim_end_matches('/').to_owned())
    }

    /// The ids of those that the settings ask for.
    pub(crate) fn expected_windows(&self) -> Vec<String> {
        let wanted = self.settings.upgrades.window.iter();
        wanted
            .flat_map(|_| SCHEDULES)
            .filter_map(|name| self.window_path(name))
            .collect()
    }

    /// The maintenance configurations there are. They are looked at only where the settings ask for some: no others are
    /// touched.
    pub(crate) async fn windows(&self) -> std::result::Result<Vec<MaintenanceConfiguration>, ArmError> {
        let mut found = Vec::new();
        let Some(path) = self.settings.upgrades.window.as_ref().and(self.window_path("")) else {
            return Ok(found);
        };
        let request = ArmRequest::get(self.session.arm.url(&path, MANAGED_CLUSTERS)?);
        let read = self.session.arm.try_list(self.session.cx, request, |element| {
            found.push(serde_json::from_str(element.get())?);
            Ok(())
        });
        match read.await {
            // No cluster, or no group.
            Err(error) if error.is_absent() => Ok(Vec::new()),
            read => read.map(|()| found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_the_same_when_it_says_nothing_else() {
        let ours =
            json!({"dayOfWeek": "Saturday", "startTime": "01:00", "durationHours": 4, "utcOffset": "+00:00"});
        let told = |change: Value| {
            let mut window = json!({"schedule": {"weekly": {"intervalWeeks": 1, "dayOfWeek": "Saturday"}, "daily": null},
                "durationHours": 4, "startTime": "01:00", "startDate": "2026-11-30", "notAllowedDates": null});
            merge(&mut window, &change);
            MaintenanceConfiguration {
                properties: json!({ "maintenanceWindow": window }),
                ..MaintenanceConfiguration::default()
            }
        };
        assert!(told(json!({})).says(&ours));
        for other in [
            json!({"durationHours": 5}),
            json!({"startTime": "02:00"}),
            json!({"utcOffset": "+09:00"}),
            json!({"notAllowedDates": [{"start": "2026-12-23", "end": "2027-01-05"}]}),
            json!({"schedule": {"weekly": {"intervalWeeks": 2, "dayOfWeek": "Saturday"}}}),
            json!({"schedule": {"daily": {"intervalDays": 1}}}),
        ] {
            assert!(!told(other.clone()).says(&ours), "{other}");
        }
    }

    fn merge(window: &mut Value, change: &Value) {
        for (key, value) in change.as_object().unwrap() {
            window[key] = value.clone();
        }
    }
}
