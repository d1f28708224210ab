//! The threads that verify: one a core, always the same ones. A whole module is in memory
//! while it is verified; on threads that come and go, the allocator would keep a share of
//! such sizes for each of them long after. Knows nothing of modules.
use crate::error::{Error, Result};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// Work waits in the order in which it came; the threads end with this.
pub struct Verifiers(mpsc::Sender<Work>);

impl Verifiers {
    pub fn start(threads: usize) -> Result<Self> {
        let (sender, queue) = mpsc::channel::<Work>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.max(1) {
            let queue = queue.clone();
            let next = move || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let until_closed = move || {
                while let Ok(work) = next() {
                    work();
                }
            };
            thread::Builder::new().name("verifier".into()).spawn(until_closed)?;
        }
        Ok(Self(sender))
    }

    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (done, answer) = oneshot::channel();
        let work = move || {
            // Nobody may be waiting any more; then there is nothing to do.
            if !done.is_closed()
                && let Ok(result) = catch_unwind(AssertUnwindSafe(work))
            {
                let _ = done.send(result);
            }
        };
        self.0.send(Box::new(work)).map_err(|e| Error::internal(e.to_string()))?;
        answer.await.map_err(|_| Error::internal("a verification panicked"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn no_more_run_at_once_than_there_are_threads() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let verifiers = Verifiers::start(2).unwrap();
        let work = |n: usize| {
            move || {
                MOST.fetch_max(RUNNING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(std::time::Duration::from_millis(5));
                RUNNING.fetch_sub(1, Ordering::SeqCst);
                n
            }
        };
        let answers = futures_util::future::join_all((0..20).map(|n| verifiers.run(work(n)))).await;
        assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
        assert_eq!(MOST.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_lives_on() {
        let verifiers = Verifiers::start(1).unwrap();
        assert!(verifiers.run(|| panic!("as a test")).await.is_err());
        assert_eq!(verifiers.run(|| 7).await.unwrap(), 7);
    }
}
