//! Which app or cluster a command is about.

use kompox_domain::model::{AnyId, AppId, ClusterId};
use kompox_domain::{AppScope, Argument, Catalog, Cluster, Error, ErrorKind, Hint, Result};

use crate::support;

/// What the user said about the target. Nothing at all means: the one there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Its whole id.
    pub id: Option<String>,
    /// Its own name.
    pub name: Option<String>,
}

impl Selector {
    /// Whether nothing was said.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.id.is_none() && self.name.is_none()
    }
}

/// The app that is meant.
///
/// By id; by name; else the one that `default` is or that lies under it; else the only one there is. A name that
/// several apps have means the one under `default`.
///
/// # Errors
/// `NotFound` for one that is not there, `InvalidInput` when several could be meant; both name the candidates.
pub fn app(catalog: &Catalog, selector: &Selector, default: Option<&AnyId>) -> Result<AppScope> {
    let apps: Vec<&AppId> = catalog.apps().iter().map(|app| &app.id).collect();
    let id = choose(&apps, selector, default)?;
    catalog.app_scope(id).ok_or_else(|| gone(id))
}

/// The cluster that is meant.
///
/// By id; by name; else that of the app, when `app` or `default` says which; else the one under `default`; else
/// the only one there is.
///
/// # Errors
/// As [`app`]; also `InvalidInput` when the app that was named runs on another cluster than the one named.
pub fn cluster(
    catalog: &Catalog,
    selector: &Selector,
    app_selector: &Selector,
    default: Option<&AnyId>,
) -> Result<Cluster> {
    let clusters: Vec<&ClusterId> = catalog.clusters().iter().map(|cluster| &cluster.id).collect();
    if selector.is_empty() && !app_selector.is_empty() {
        return Ok(app(catalog, app_selector, default)?.cluster);
    }
    let id = choose(&clusters, selector, default)?;
    if !app_selector.is_empty() {
        let app = app(catalog, app_selector, Some(&AnyId::Cluster(id.clone())))?.app;
        if app.id.cluster != *id {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!("app {} does not run on cluster {id}", app.id),
            )
            .with_hint("name the app or the cluster, not both"));
        }
    }
    catalog.cluster(id).cloned().ok_or_else(|| gone(id))
}

/// What both kinds of target have in common.
trait Target: std::fmt::Display + PartialEq {
    /// What it is called in messages.
    const WHAT: &'static str;
    /// The same in the plural.
    const WHATS: &'static str;
    /// The argument that takes its id.
    const BY_ID: Argument;

    /// Its own name.
    fn name(&self) -> &str;
    /// Whether it is `scope`, lies under it, or is what `scope` lies under.
    fn belongs_to(&self, scope: &AnyId) -> bool;
    /// The id as one of this kind.
    fn of(id: &AnyId) -> Option<&Self>;
}

impl Target for AppId {
    const WHAT: &'static str = "app";
    const WHATS: &'static str = "apps";
    const BY_ID: Argument = Argument::AppId(None);

    fn name(&self) -> &str {
        self.app.as_str()
    }

    fn belongs_to(&self, scope: &AnyId) -> bool {
        match scope {
            AnyId::App(id) => self == id,
            AnyId::Workspace(_) | AnyId::Provider(_) | AnyId::Cluster(_) => self.cluster.belongs_to(scope),
        }
    }

    fn of(id: &AnyId) -> Option<&Self> {
        if let AnyId::App(id) = id { Some(id) } else { None }
    }
}

impl Target for ClusterId {
    const WHAT: &'static str = "cluster";
    const WHATS: &'static str = "clusters";
    const BY_ID: Argument = Argument::ClusterId(None);

    fn name(&self) -> &str {
        self.cluster.as_str()
    }

    fn belongs_to(&self, scope: &AnyId) -> bool {
        match scope {
            AnyId::Workspace(workspace) => self.provider.workspace == *workspace,
            AnyId::Provider(id) => self.provider == *id,
            AnyId::Cluster(id) => self == id,
            AnyId::App(id) => *self == id.cluster,
        }
    }

    fn of(id: &AnyId) -> Option<&Self> {
        match id {
            AnyId::Cluster(id) => Some(id),
            AnyId::App(id) => Some(&id.cluster),
            AnyId::Workspace(_) | AnyId::Provider(_) => None,
        }
    }
}

/// The target that is meant, of all there are.
fn choose<'a, T: Target>(all: &[&'a T], selector: &Selector, default: Option<&AnyId>) -> Result<&'a T> {
    if let Some(written) = &selector.id {
        let id = by_id(all, written)?;
        return match &selector.name {
            Some(name) if name != id.name() => Err(Error::new(
                ErrorKind::InvalidInput,
                format!("{} {id} is not called {name:?}", T::WHAT),
            )),
            _ => Ok(id),
        };
    }
    if let Some(name) = &selector.name {
        let named: Vec<&T> = all.iter().copied().filter(|id| id.name() == name).collect();
        if named.is_empty() {
            let known: Vec<&str> = all.iter().map(|id| id.name()).collect();
            return Err(not_there::<T>(&format!("called {name:?}"), name, &known));
        }
        return one_of(&named, default, &format!(" called {name:?}"));
    }
    // A default that is not there is a mistake in the configuration, not a reason to take something else.
    if let Some(id) = default.and_then(T::of)
        && !all.contains(&id)
    {
        return by_id(all, &id.to_string());
    }
    let scoped: Vec<&T> = all
        .iter()
        .copied()
        .filter(|id| default.is_none_or(|scope| id.belongs_to(scope)))
        .collect();
    if scoped.is_empty() {
        let under = default.map_or_else(String::new, |scope| format!(" under {scope}"));
        return Err(Error::new(
            ErrorKind::NotFound,
            format!("the configuration has no {}{under}", T::WHAT),
        ));
    }
    one_of(&scoped, default, "")
}

fn by_id<'a, T: Target>(all: &[&'a T], written: &str) -> Result<&'a T> {
    let found = all.iter().find(|id| id.to_string() == written);
    if let Some(id) = found {
        return Ok(id);
    }
    let known: Vec<String> = all.iter().map(ToString::to_string).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    match written.parse::<AnyId>() {
        Err(error) => Err(Error::new(ErrorKind::InvalidInput, error.to_string())
            .with_hint(support::candidates(T::WHATS, written, &known))),
        Ok(id) if T::of(&id).is_none_or(|of| of.to_string() != written) => Err(Error::new(
            ErrorKind::InvalidInput,
            format!("{written} is not the id of {} {}", article(T::WHAT), T::WHAT),
        )
        .with_hint(support::candidates(T::WHATS, written, &known))),
        Ok(_) => Err(not_there::<T>(written, written, &known)),
    }
}

/// The only one, or the only one under the default.
fn one_of<'a, T: Target>(some: &[&'a T], default: Option<&AnyId>, called: &str) -> Result<&'a T> {
    let scoped: Vec<&T> = match default {
        Some(scope) => some.iter().copied().filter(|id| id.belongs_to(scope)).collect(),
        None => Vec::new(),
    };
    match (some, scoped.as_slice()) {
        (_, [only]) | ([only], _) => Ok(only),
        _ => {
            let several = if scoped.is_empty() { some } else { &scoped };
            let known: Vec<String> = several.iter().map(ToString::to_string).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Err(Error::new(
                ErrorKind::InvalidInput,
                format!("there are {} {}{called}: say which", several.len(), T::WHATS),
            )
            .with_hints([
                Hint::argument("name one", T::BY_ID),
                Hint::text(support::list(T::WHATS, &known)),
            ]))
        }
    }
}

fn not_there<T: Target>(which: &str, written: &str, known: &[&str]) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("the configuration has no {} {which}", T::WHAT),
    )
    .with_hint(support::candidates(T::WHATS, written, known))
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

/// A catalog has a cluster for every app, and an id that was just read from it.
fn gone(id: &impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("{id} is in the configuration and cannot be read from it"),
    )
}
