//! What is in an app's resource group, and what of it belongs to which volume.

use kompox_arm::{ArmError, ArmRequest};
use kompox_domain::progress::WarningKind;
use kompox_domain::volume::{Creation, DiskRecord, VolumeSnapshot};
use kompox_domain::{Error, ErrorKind, Hint, Result, Volume, VolumeName, naming, tags};
use serde_json::Value;
use serde_json::value::RawValue;

use super::blueprint::Blueprint;
use super::{AppVolumes, blueprint, wire};
use crate::api::Kind;
use crate::groups;

/// The disks or snapshots of some volumes, as they came.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    found: Vec<Found>,
    taken: Option<Taken>,
}

#[derive(Debug)]
struct Found {
    volume: VolumeName,
    /// What follows `<vol>-<idHASH>-` in the resource's name.
    item: String,
    json: String,
}

/// Whoever has the name that somebody asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Taken {
    /// We; the resource as it came.
    Ours(String),
    Foreign(Option<String>),
}

/// A resource of ours that is there under the name of one that is to be made.
#[derive(Debug)]
pub(crate) struct There<'a> {
    kind: Kind,
    resource: &'a str,
    /// Whether it was made.
    pub(crate) creation: Creation,
    json: Value,
}

/// Whose a resource is.
#[derive(Debug, PartialEq, Eq)]
enum Owner<'a> {
    Volume(&'a VolumeName, String),
    /// Name and volume tag say ours, the app's tag says somebody else's: two apps of one hash.
    Collision,
    Other,
}

impl AppVolumes<'_> {
    /// Reads the group. A group that is not there holds nothing.
    ///
    /// That it is not there may be a replica's error, so the group itself is asked before it is believed.
    pub(crate) async fn listing(
        &self,
        kind: Kind,
        volumes: &[Volume],
        name: Option<&str>,
    ) -> Result<Listing> {
        match self.read(kind, volumes, name, false).await {
            Err(error) if error.is_group_not_found() => {
                if groups::exists(self.session, &self.group).await? {
                    Ok(self.read(kind, volumes, name, true).await?)
                } else {
                    Ok(Listing::default())
                }
            }
            other => Ok(other?),
        }
    }

    /// Reads the group, and at the same time whether it exists.
    pub(crate) async fn listing_and_group(
        &self,
        kind: Kind,
        volumes: &[Volume],
        name: Option<&str>,
    ) -> Result<(Listing, bool)> {
        let (listing, exists) = futures::join!(
            self.read(kind, volumes, name, false),
            groups::exists(self.session, &self.group)
        );
        let exists = exists?;
        match listing {
            Err(error) if error.is_group_not_found() && exists => {
                Ok((self.read(kind, volumes, name, true).await?, true))
            }
            Err(error) if error.is_group_not_found() => Ok((Listing::default(), false)),
            // The listing answered: the group is there, whatever a lagging replica said about it.
            listing => Ok((listing?, true)),
        }
    }

    async fn read(
        &self,
        kind: Kind,
        volumes: &[Volume],
        name: Option<&str>,
        known: bool,
    ) -> Result<Listing, ArmError> {
        let mut request = ArmRequest::get(self.group.items_url(self.session.arm, kind)?);
        if known {
            request = request.in_known_group();
        }
        let (app, hash) = (self.app.path(), self.app.id_hash());
        let keys: Vec<(&VolumeName, String)> = volumes
            .iter()
            .map(|volume| (&volume.name, naming::volume_key(&volume.name, &hash)))
            .collect();
        let mut listing = Listing::default();
        let mut strangers = 0_u32;
        // Boxed: every operation waits for a listing, and would be as large as one otherwise.
        let reading = self
            .session
            .arm
            .list_resources(self.session.cx, request, |resource| {
                let element = resource.read::<&RawValue>()?.get();
                let is_asked = name.is_some_and(|name| name.eq_ignore_ascii_case(&resource.name));
                if !is_asked && !may_be_ours(element, &keys) {
                    strangers += 1;
                    return Ok(());
                }
                let glance: wire::Glance<'_> = resource.read()?;
                if is_called_ours(&glance.name, &keys) && !wire::tells_owner(glance.tags.as_ref()) {
                    let why = "its name is one of ours, and its tags are no tags: whose it is cannot be told";
                    return Err(serde::de::Error::custom(why));
                }
                let path = self.group.item_path(kind, &glance.name);
                let last = resource.id.rsplit('/').next().unwrap_or_default();
                let called_ours = is_called_ours(&glance.name, &keys) || is_called_ours(last, &keys);
                if called_ours && !path.eq_ignore_ascii_case(&resource.id) {
                    return Err(serde::de::Error::custom(
                        "its id is not that of its name in this group",
                    ));
                }
                let owner = owner(&glance, &keys, &app);
                if is_asked {
                    listing.taken = Some(match owner {
                        Owner::Volume(..) => Taken::Ours(element.to_owned()),
                        _ => Taken::Foreign(wire::tag(glance.tags.as_ref(), tags::APP).map(str::to_owned)),
                    });
                }
                match owner {
                    Owner::Volume(volume, item) => {
                        listing.found.push(Found {
                            volume: volume.clone(),
                            item,
                            json: element.to_owned(),
                        });
                    }
                    Owner::Collision => self.session.cx.warn(
                        WarningKind::ForeignResource,
                        format!(
                            "{} {} carries our name but belongs to another app; it is left alone",
                            kind.noun(),
                            glance.name
                        ),
                    ),
                    Owner::Other => tracing::debug!(name = %glance.name, "skipped: not of these volumes"),
                }
                Ok(())
            });
        Box::pin(reading).await?;
        tracing::debug!(strangers, "skipped unread: not of these volumes");
        Ok(listing)
    }
}

/// Whether it is worth reading: the tag of a resource of ours holds a key as it is, unless the text has escapes.
fn may_be_ours(element: &str, keys: &[(&VolumeName, String)]) -> bool {
    element.contains('\\') || keys.iter().any(|(_, key)| element.contains(key.as_str()))
}

/// Whether a name begins as those of these volumes do.
fn is_called_ours(name: &str, keys: &[(&VolumeName, String)]) -> bool {
    keys.iter().any(|(_, key)| item_of(name, key).is_some())
}

/// What comes after a volume's key and a dash in the name of a resource.
fn item_of<'a>(name: &'a str, key: &str) -> Option<&'a str> {
    match name.split_at_checked(key.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(key) => rest.strip_prefix('-'),
        _ => None,
    }
}

/// A resource belongs to a volume only if tag and name agree, and nothing says that it is another app's.
fn owner<'a>(glance: &wire::Glance<'_>, keys: &[(&'a VolumeName, String)], app: &str) -> Owner<'a> {
    let found = glance.tags.as_ref();
    let Some(volume) = wire::tag(found, tags::VOLUME) else {
        return Owner::Other;
    };
    let Some((name, key)) = keys.iter().find(|(_, key)| key == volume) else {
        return Owner::Other;
    };
    let Some(item) = item_of(&glance.name, key) else {
        return Owner::Other;
    };
    // Older tools wrote no such tag.
    if wire::tag(found, tags::APP).is_some_and(|found| found != app) {
        return Owner::Collision;
    }
    Owner::Volume(name, item.to_owned())
}

impl Listing {
    /// The disks.
    ///
    /// # Errors
    /// `Internal` for a disk of ours that cannot be read.
    pub(crate) fn disks(&self, region: &str) -> Result<Vec<DiskRecord>> {
        self.found
            .iter()
            .filter_map(|found| {
                let name = item_name(&found.item)?;
                Some(wire::disk(&found.json, &found.volume, name, region))
            })
            .collect()
    }

    /// The snapshots.
    ///
    /// # Errors
    /// `Internal` for a snapshot of ours that cannot be read.
    pub(crate) fn snapshots(&self) -> Result<Vec<VolumeSnapshot>> {
        self.found
            .iter()
            .filter_map(|found| {
                let name = item_name(&found.item)?;
                Some(wire::snapshot(&found.json, &found.volume, name))
            })
            .collect()
    }

    /// What there is of ours under the name that was asked about.
    ///
    /// # Errors
    /// `Conflict` for a name that somebody else has.
    pub(crate) fn there<'a>(&self, kind: Kind, resource: &'a str) -> Result<Option<There<'a>>> {
        match &self.taken {
            None => Ok(None),
            Some(Taken::Ours(json)) => Ok(Some(There {
                kind,
                resource,
                creation: wire::creation(json),
                json: serde_json::from_str(json).unwrap_or_default(),
            })),
            Some(Taken::Foreign(owner)) => Err(foreign(kind, resource, owner.as_deref())),
        }
    }

    /// Refuses a name that somebody else has.
    ///
    /// # Errors
    /// `Conflict`.
    pub(crate) fn require_not_foreign(&self, kind: Kind, resource: &str) -> Result<()> {
        match &self.taken {
            Some(Taken::Foreign(owner)) => Err(foreign(kind, resource, owner.as_deref())),
            _ => Ok(()),
        }
    }
}

impl There<'_> {
    /// Refuses a name in use: a PUT would change what is there. One whose creation failed is not in use.
    ///
    /// # Errors
    /// `Conflict`.
    pub(crate) fn require_failed(&self) -> Result<()> {
        let what = format!("{} {}", self.kind.noun(), self.resource);
        let (message, hint) = match self.creation {
            Creation::Failed => return Ok(()),
            Creation::UnderWay => (
                format!("{what} is being created already"),
                "wait until that has ended, or choose another name",
            ),
            Creation::Done => (
                format!("{what} exists already"),
                "choose another name, or leave the name out to have one made",
            ),
        };
        Err(Error::new(ErrorKind::Conflict, message).with_hint(hint))
    }

    /// Refuses to go on with what is not the one that would be made, or was ever attached.
    ///
    /// # Errors
    /// `Conflict`, with this way out.
    pub(crate) fn require_same(&self, wanted: &Value, way_out: &[Hint]) -> Result<()> {
        let differences = Blueprint::of(&self.json).differences(&Blueprint::of(wanted));
        let why = if differences.is_empty() {
            if !blueprint::was_attached(&self.json) {
                return Ok(());
            }
            "has been attached to a machine".to_owned()
        } else {
            format!(
                "differs from what would be made, in {}",
                differences.join(" and ")
            )
        };
        Err(self.conflict(&why, way_out))
    }

    /// Refuses to go on with a disk that was ever assigned.
    ///
    /// # Errors
    /// `Conflict`, with this way out.
    pub(crate) fn require_unassigned(&self, way_out: &[Hint]) -> Result<()> {
        if blueprint::was_assigned(&self.json) {
            return Err(self.conflict("has been assigned before", way_out));
        }
        Ok(())
    }

    fn conflict(&self, why: &str, way_out: &[Hint]) -> Error {
        let what = format!("{} {}", self.kind.noun(), self.resource);
        Error::new(ErrorKind::Conflict, format!("{what} exists already and {why}"))
            .with_hints(way_out.iter().cloned())
    }
}

fn foreign(kind: Kind, resource: &str, owner: Option<&str>) -> Error {
    let whose = owner.map_or_else(
        || "carries no tags of this volume".to_owned(),
        |owner| format!("belongs to {owner}"),
    );
    Error::new(
        ErrorKind::Conflict,
        format!("{} {resource} exists and {whose}", kind.noun()),
    )
    .with_hint("it is never touched; choose another name")
}

/// The name of an item; one of a stranger's making is skipped.
fn item_name<N: std::str::FromStr>(item: &str) -> Option<N> {
    // ARM names compare without case, ours have one spelling.
    let spellings = [
        item.to_owned(),
        item.to_ascii_uppercase(),
        item.to_ascii_lowercase(),
    ];
    let name = spellings.iter().find_map(|spelling| spelling.parse().ok());
    if name.is_none() {
        tracing::debug!(item, "skipped: not a name of ours");
    }
    name
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owned(name: &str, tags: &Value) -> bool {
        let volumes: [VolumeName; 2] = ["db".parse().unwrap(), "db-x".parse().unwrap()];
        let keys: Vec<_> = volumes
            .iter()
            .map(|name| (name, format!("{name}-034d4d")))
            .collect();
        let json = json!({ "name": name, "tags": tags }).to_string();
        let glance: wire::Glance<'_> = serde_json::from_str(&json).unwrap();
        matches!(owner(&glance, &keys, "ws1/prv1/app1"), Owner::Volume(..))
    }

    #[test]
    fn b9_b11_a_resource_is_ours_only_if_tag_and_name_agree_and_no_other_app_is_named() {
        assert!(owned("db-034d4d-one", &json!({"kompox-volume": "db-034d4d"})));
        assert!(owned(
            "DB-034D4D-one",
            &json!({"KOMPOX-VOLUME": "db-034d4d", "kompox-app": "ws1/prv1/app1"})
        ));
        assert!(!owned("db-034d4d-one", &json!({"kompox-volume": "DB-034d4d"})));
        assert!(!owned("db-034d4d-one", &json!({"kompox-volume": "db-x-034d4d"})));
        assert!(!owned("other", &json!({"kompox-volume": "db-034d4d"})));
        assert!(!owned("db-034d4done", &json!({"kompox-volume": "db-034d4d"})));
        assert!(!owned(
            "db-034d4d-one",
            &json!({"kompox-volume": "db-034d4d", "kompox-app": "ws1/prv1/app2"})
        ));
        assert!(!owned("db-034d4d-one", &json!(null)));
        assert!(!owned("db-034d4d-one", &json!({"kompox-volume": 7})));
    }

    #[test]
    fn what_is_ours_is_read_also_where_its_text_has_escapes() {
        let volume: VolumeName = "db".parse().unwrap();
        let keys = [(&volume, "db-034d4d".to_owned())];
        assert!(may_be_ours(r#"{"tags":{"kompox-volume":"db-034d4d"}}"#, &keys));
        assert!(may_be_ours(
            r#"{"tags":{"kompox-volume":"db\u002d034d4d"}}"#,
            &keys
        ));
        assert!(!may_be_ours(
            r#"{"name":"disk-1","tags":{"kompox-volume":"db-1"}}"#,
            &keys
        ));
        assert!(!may_be_ours("{}", &[]));
    }

    #[test]
    fn a_foreign_name_is_told_apart_from_our_own() {
        let taken = |taken| Listing {
            taken: Some(taken),
            ..Listing::default()
        };
        let error = taken(Taken::Foreign(Some("ws1/prv1/app2".to_owned())))
            .there(Kind::Disks, "d")
            .unwrap_err();
        assert!(error.to_string().contains("ws1/prv1/app2"));
        let ours = |state: &str| {
            let json = json!({"properties": {"provisioningState": state}}).to_string();
            taken(Taken::Ours(json))
        };
        assert!(ours("Succeeded").require_not_foreign(Kind::Disks, "d").is_ok());
        for (state, expected) in [
            ("Succeeded", Some("disk d exists already")),
            ("Updating", Some("disk d is being created already")),
            ("Failed", None),
        ] {
            let listing = ours(state);
            let there = listing.there(Kind::Disks, "d").unwrap().unwrap();
            let refusal = there.require_failed().err();
            assert_eq!(refusal.map(|error| error.to_string()).as_deref(), expected);
        }
    }
}
