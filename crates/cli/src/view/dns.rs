//! DNS records as they are printed: what would be done about them, and what was done.

use kompox_domain::cluster::ChangeAction;
use kompox_domain::dns::{DnsReport, HostGap, RecordChange};
use kompox_domain::model::AppId;
use serde::Serialize;

use super::last_segment;
use crate::ui::{Shown, Table};

/// What became of the records of an app, in JSON and YAML.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DnsView {
    id: String,
    name: String,
    /// Whether it was only looked at.
    dry_run: bool,
    /// Whether there is nothing to do.
    empty: bool,
    records: Vec<RecordView>,
    not_published: Vec<GapView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordView {
    action: &'static str,
    host: String,
    r#type: &'static str,
    values: Vec<String>,
    zone: String,
    visibility: &'static str,
    reason: String,
}

impl From<&RecordChange> for RecordView {
    fn from(record: &RecordChange) -> Self {
        Self {
            action: record.action.as_str(),
            host: record.host.clone(),
            r#type: record.kind.as_str(),
            values: record.values.clone(),
            zone: record.zone.clone(),
            visibility: record.visibility.as_str(),
            reason: record.reason.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GapView {
    host: String,
    source: String,
    reason: &'static str,
    message: String,
}

impl From<&HostGap> for GapView {
    fn from(gap: &HostGap) -> Self {
        Self {
            host: gap.host.clone(),
            source: gap.source.clone(),
            reason: gap.reason.as_str(),
            message: gap.message.clone(),
        }
    }
}

impl DnsView {
    /// Of what would be done, or was done.
    pub(crate) fn new(id: &AppId, report: &DnsReport, dry_run: bool) -> Self {
        Self {
            id: id.to_string(),
            name: id.app.to_string(),
            dry_run,
            empty: !report.is_change(),
            records: report.records.iter().map(RecordView::from).collect(),
            not_published: report.gaps.iter().map(GapView::from).collect(),
        }
    }
}

/// The records for humans; `empty` is said where there are none. The names are those of what is written.
pub(crate) fn shown(report: &DnsReport, empty: &str) -> Shown {
    let mut table = Table::new(&["ACTION", "HOST", "TYPE", "VALUE", "ZONE", "SEEN-BY", "REASON"]);
    for record in &report.records {
        table.row(vec![
            record.action.to_string(),
            record.host.clone(),
            record.kind.to_string(),
            record.values.join(","),
            last_segment(&record.zone).to_owned(),
            record.visibility.to_string(),
            record.reason.clone(),
        ]);
    }
    let written = |record: &&RecordChange| !matches!(record.action, ChangeAction::Keep | ChangeAction::Block);
    let mut names: Vec<String> = report
        .records
        .iter()
        .filter(written)
        .map(|record| record.host.clone())
        .collect();
    names.dedup();
    Shown {
        table,
        more: Vec::new(),
        names,
        empty: empty.to_owned(),
    }
}

/// `2 created, 1 kept`: what was done.
pub(crate) fn done(report: &DnsReport) -> String {
    super::plan::counted(|action| report.of(action).count())
}

#[cfg(test)]
mod tests {
    use kompox_domain::dns::{GapReason, RecordKind, Visibility};
    use kompox_domain::model::AnyId;

    use super::*;

    fn report() -> DnsReport {
        let record = |action, kind, value: &str, visibility| RecordChange {
            action,
            host: "www.example.com".to_owned(),
            kind,
            values: vec![value.to_owned()],
            zone: "/subscriptions/s/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com"
                .to_owned(),
            visibility,
            reason: "served".to_owned(),
        };
        DnsReport {
            records: vec![
                record(
                    ChangeAction::Create,
                    RecordKind::A,
                    "192.0.2.1",
                    Visibility::Public,
                ),
                record(
                    ChangeAction::Keep,
                    RecordKind::Aaaa,
                    "2001:db8::1",
                    Visibility::Private,
                ),
            ],
            gaps: vec![HostGap {
                host: "x.net".to_owned(),
                source: "Ingress shop/web".to_owned(),
                reason: GapReason::NoZone,
                message: "no configured zone holds this name".to_owned(),
            }],
        }
    }

    #[test]
    fn records_have_the_fields_of_the_contract() {
        let Ok(AnyId::App(id)) = "/ws/w/prv/p/cls/c/app/shop".parse() else {
            panic!("an id");
        };
        let json = serde_json::to_string_pretty(&DnsView::new(&id, &report(), true)).unwrap();
        insta::assert_snapshot!(json, @r#"
        {
          "id": "/ws/w/prv/p/cls/c/app/shop",
          "name": "shop",
          "dryRun": true,
          "empty": false,
          "records": [
            {
              "action": "create",
              "host": "www.example.com",
              "type": "A",
              "values": [
                "192.0.2.1"
              ],
              "zone": "/subscriptions/s/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com",
              "visibility": "public",
              "reason": "served"
            },
            {
              "action": "keep",
              "host": "www.example.com",
              "type": "AAAA",
              "values": [
                "2001:db8::1"
              ],
              "zone": "/subscriptions/s/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com",
              "visibility": "private",
              "reason": "served"
            }
          ],
          "notPublished": [
            {
              "host": "x.net",
              "source": "Ingress shop/web",
              "reason": "noZone",
              "message": "no configured zone holds this name"
            }
          ]
        }
        "#);
        let shown = shown(&report(), "");
        insta::assert_snapshot!(shown.table.to_string(), @r"
        ACTION   HOST              TYPE   VALUE         ZONE          SEEN-BY   REASON
        create   www.example.com   A      192.0.2.1     example.com   public    served
        keep     www.example.com   AAAA   2001:db8::1   example.com   private   served
        ");
        assert_eq!(shown.names, ["www.example.com"]);
        assert_eq!(done(&report()), "1 created, 1 kept");
    }
}
