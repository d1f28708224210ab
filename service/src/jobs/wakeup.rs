//! How a process tells its own worker that there is something to do.
use std::sync::Arc;
use tokio::sync::Notify;

/// Tells the worker of this process that there is something to do; others poll.
#[derive(Clone, Default)]
pub struct Wakeup(Arc<Notify>);

impl Wakeup {
    pub fn wake(&self) {
        self.0.notify_one();
    }

    pub async fn wait(&self) {
        self.0.notified().await;
    }
}
