//! Scopes as OAuth speaks of them: the scopes of the API, and four of OpenID Connect. Unknown
//! words are no error: what is granted is always a part of what is known.
use std::{collections::BTreeSet, fmt};
use tamis_entities::value::{Role, Scope, Scopes};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    OpenId,
    Profile,
    Email,
    OfflineAccess,
    Api(Scope),
}

impl Word {
    pub fn all() -> impl Iterator<Item = Word> {
        let identity = [Word::OpenId, Word::Profile, Word::Email, Word::OfflineAccess];
        identity.into_iter().chain(Scope::ALL.into_iter().map(Word::Api))
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Word::OpenId => "openid",
            Word::Profile => "profile",
            Word::Email => "email",
            Word::OfflineAccess => "offline_access",
            Word::Api(scope) => scope.as_str(),
        }
    }

    /// For the person who is asked.
    pub fn in_words(self) -> &'static str {
        match self.as_str() {
            "openid" => "know that it is you",
            "profile" => "know your name here",
            "email" => "know your e-mail address",
            "offline_access" => "stay connected for up to 90 days, until you end it",
            "filters:read" => "read and download every filter that you may read, private ones too",
            "filters:write" => "upload, change and delete your filters, and ask for their publication",
            "releases:stage" => "upload drafts of your filters, and nothing more",
            "reviews:vote" => "decide reviews and quarantine releases in your name",
            "teams:write" => "create teams and change their members",
            "deployments:write" => "say what your teams' targets hold, and take it back",
            "tokens:write" => "create and revoke tokens and clients that act for you",
            "admin" => "act as an administrator of this instance",
            other => other,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(BTreeSet<Word>);

impl Words {
    /// What of a text is known.
    pub fn read(text: &str) -> Self {
        let known = |word: &str| Word::all().find(|w| w.as_str() == word);
        Self(text.split_ascii_whitespace().filter_map(known).collect())
    }

    pub fn everything() -> Self {
        Self(Word::all().collect())
    }

    pub fn has(&self, word: Word) -> bool {
        self.0.contains(&word)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Word> {
        self.0.iter().copied()
    }

    pub fn within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    pub fn common(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    pub fn with(mut self, word: Word) -> Self {
        self.0.insert(word);
        self
    }

    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }

    /// Without what the role does not allow.
    pub fn allowed_to(&self, role: Role) -> Self {
        let allowed = |word: &Word| !matches!(word, Word::Api(scope) if !scope.allowed_to(role));
        Self(self.0.iter().copied().filter(allowed).collect())
    }

    /// Those of the API.
    pub fn scopes(&self) -> Scopes {
        let api = |word: Word| match word {
            Word::Api(scope) => Some(scope),
            _ => None,
        };
        self.iter().filter_map(api).collect()
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Word::as_str).collect();
        f.write_str(&words.join(" "))
    }
}
