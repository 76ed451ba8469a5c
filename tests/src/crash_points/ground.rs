//! Where operations run, and what is looked at meanwhile.

use async_trait::async_trait;
use kompox_domain::Result;

use super::cloud::{Cloud, Operator};

/// Where operations run, and what is looked at meanwhile.
#[async_trait(?Send)]
pub trait Ground<'c>: Sized {
    /// Looks at every state that it goes through.
    type Watch: Watching;

    /// One with nothing in it.
    fn new(cloud: &'c Cloud) -> Self;

    /// Everything is there that operations start from.
    async fn prepared(&mut self) {}

    /// Another one in which there is the same.
    async fn copy(&self) -> Self;

    /// Does something harmless, so that whoever does it has signed in.
    async fn sign_in(&self, operator: &Operator) -> Result<()>;

    /// All that operations are about, in a text: two that are the same hold the same.
    async fn held(&self) -> String;

    /// Removes it with everything in it, and ends the watch.
    async fn remove(self);
}

/// What every state was held against.
pub trait Watching {
    /// Whether every state was right.
    ///
    /// # Errors
    /// What was wrong first.
    fn verdict(&self) -> std::result::Result<(), String>;

    /// How many states were looked at.
    fn seen(&self) -> usize;
}
