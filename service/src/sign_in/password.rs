//! Passwords of local accounts: argon2id, a few at a time (each takes 19 MiB), on threads of
//! their own. A check without a stored hash does the same work as one with it.
use crate::{
    clock,
    error::{Error, Result},
};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking};
use unicode_normalization::UnicodeNormalization;

pub const SHORTEST: usize = 12;
pub const LONGEST: usize = 200;

/// Costs what a real one costs and fits no password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub struct Passwords {
    turns: Semaphore,
}

/// The same text however a keyboard composed it.
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

/// NIST SP 800-63B: length, and no rules of composition.
pub fn check(field: &str, password: &str) -> Result<()> {
    let length = password.chars().count();
    match (SHORTEST..=LONGEST).contains(&length) {
        true => Ok(()),
        false => Err(Error::invalid(field, format!("{SHORTEST} to {LONGEST} characters"))),
    }
}

impl Passwords {
    pub fn new(cores: usize) -> Self {
        Self { turns: Semaphore::new(cores.max(1)) }
    }

    async fn turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _turn = self.turns.acquire().await.map_err(|e| Error::internal(e.to_string()))?;
        Ok(spawn_blocking(work).await?)
    }

    pub async fn hash(&self, password: &str) -> Result<String> {
        let (password, salt) = (normal(password), clock::random::<16>()?);
        let hashed = self.turn(move || {
            let hash: argon2::password_hash::Result<PasswordHash> =
                Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|h| h.to_string()).map_err(|e| e.to_string())
        });
        hashed.await?.map_err(Error::internal)
    }

    /// Whether it is the password of this hash; without one it takes as long and is not.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool> {
        // One that nobody can have costs no more than any other.
        let fits = password.len() <= LONGEST * 4;
        let password = normal(if fits { password } else { "" });
        let known = hash.is_some() && fits;
        let right = self.turn(move || {
            let text = hash.as_deref().unwrap_or(NOBODY);
            let hash = PasswordHash::new(text).map_err(|e| e.to_string())?;
            Ok::<_, String>(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(right.await?.map_err(Error::internal)? && known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_nobodys_fits_none() -> Result<()> {
        let passwords = Passwords::new(1);
        let hash = passwords.hash("korrekt hörse battery").await?;
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("korrekt hörse battery", Some(hash.clone())).await?);
        assert!(passwords.verify("korrekt ho\u{308}rse battery", Some(hash.clone())).await?);
        assert!(!passwords.verify("korrekt horse battery", Some(hash)).await?);
        for anything in ["", "nobody", &"x".repeat(5000)] {
            assert!(!passwords.verify(anything, None).await?);
        }
        Ok(())
    }
}
