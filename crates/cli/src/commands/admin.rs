//! `admin`: what the configuration holds.

use clap::Subcommand;
use kompox_domain::{Error, ErrorKind, suggest};
use serde::Serialize;

use crate::args::{GlobalArgs, OutputArgs, OutputFormat};
use crate::failure::Failure;
use crate::session;
use crate::ui::{Shown, Table, Ui};
use crate::view::admin::{AppView, ClusterView, Part, ProviderView, WorkspaceView};

/// `admin`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show workspaces
    Workspace(Noun),
    /// Show providers; their secrets stay hidden
    Provider(Noun),
    /// Show clusters
    Cluster(Noun),
    /// Show apps
    App(Noun),
}

#[derive(Debug, clap::Args)]
struct Noun {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List all of them
    List(List),
    /// Show one in full
    Get(Get),
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
struct Get {
    /// Its name, or its id where several have that name
    #[arg(value_name = "NAME_OR_ID")]
    which: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    pub(crate) fn output(&self) -> OutputFormat {
        let (Command::Workspace(noun)
        | Command::Provider(noun)
        | Command::Cluster(noun)
        | Command::App(noun)) = &self.command;
        match &noun.verb {
            Verb::List(args) => args.output.output,
            Verb::Get(args) => args.output.output,
        }
    }
}

pub(crate) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let loaded = session::configuration(global)?;
    let catalog = &loaded.catalog;
    match &args.command {
        Command::Workspace(noun) => show(&views(catalog.workspaces(), WorkspaceView::from), &noun.verb, ui),
        Command::Provider(noun) => show(&views(catalog.providers(), ProviderView::from), &noun.verb, ui),
        Command::Cluster(noun) => show(&views(catalog.clusters(), ClusterView::from), &noun.verb, ui),
        Command::App(noun) => show(&views(catalog.apps(), AppView::from), &noun.verb, ui),
    }
}

fn views<'a, T, V>(parts: &'a [T], view: impl Fn(&'a T) -> V) -> Vec<V> {
    parts.iter().map(view).collect()
}

fn show<P: Part + Serialize>(parts: &[P], verb: &Verb, ui: &Ui) -> Result<(), Failure> {
    match verb {
        Verb::List(_) => {
            let mut table = Table::new(P::HEAD);
            for part in parts {
                table.row(part.row());
            }
            let shown = Shown {
                table,
                more: Vec::new(),
                names: parts.iter().map(|part| part.name().to_owned()).collect(),
                empty: format!("the configuration has no {}s", P::NOUN),
            };
            ui.value(parts, &shown)
        }
        Verb::Get(get) => {
            let part = find(parts, &get.which)?;
            let mut table = Table::new(&["FIELD", "VALUE"]);
            for (field, value) in part.fields() {
                table.row(vec![field, value]);
            }
            let shown = Shown {
                table,
                more: Vec::new(),
                names: vec![part.name().to_owned()],
                empty: String::new(),
            };
            ui.value(part, &shown)
        }
    }
}

fn find<'a, P: Part>(parts: &'a [P], which: &str) -> Result<&'a P, Error> {
    if let Some(part) = parts.iter().find(|part| part.id() == which) {
        return Ok(part);
    }
    let named: Vec<&P> = parts.iter().filter(|part| part.name() == which).collect();
    if let [only] = named.as_slice() {
        return Ok(only);
    }
    let noun = P::NOUN;
    let candidates = if named.is_empty() {
        parts.iter().collect()
    } else {
        named
    };
    let ids: Vec<&str> = candidates.iter().map(|part| part.id()).collect();
    let known = if ids.is_empty() {
        "there are none".to_owned()
    } else {
        format!("{noun}s: {}", ids.join(", "))
    };
    if candidates.iter().any(|part| part.name() == which) {
        let message = format!("there are {} {noun}s called {which:?}: say which", ids.len());
        return Err(Error::new(ErrorKind::InvalidInput, message).with_hint(format!("give the id; {known}")));
    }
    let names = candidates.iter().flat_map(|part| [part.name(), part.id()]);
    let hint = match suggest::nearest(which, names) {
        Some(nearest) => format!("did you mean {nearest}? {known}"),
        None => known,
    };
    let message = format!("the configuration has no {noun} {which:?}");
    Err(Error::new(ErrorKind::NotFound, message).with_hint(hint))
}
