//! Text from a seed: a vocabulary whose words are as unevenly common as those of a language.
//! Knows nothing of tables.

/// SplitMix64: small, and the same on every machine.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Between 0 and 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

const REAL: [&str; 40] = [
    "authentication",
    "header",
    "rate",
    "limit",
    "request",
    "response",
    "token",
    "jwt",
    "cookie",
    "redirect",
    "cache",
    "trace",
    "metrics",
    "body",
    "rewrite",
    "policy",
    "guard",
    "security",
    "cors",
    "route",
    "canary",
    "mirror",
    "retry",
    "timeout",
    "circuit",
    "breaker",
    "compress",
    "audit",
    "log",
    "tenant",
    "quota",
    "geo",
    "bot",
    "schema",
    "validate",
    "encrypt",
    "signature",
    "identity",
    "session",
    "region",
];
const SYLLABLES: [&str; 20] = [
    "ba", "cor", "di", "fen", "gal", "hu", "jo", "kre", "lam", "mi", "nor", "pa", "qui", "ras", "sto", "tel",
    "ur", "vex", "wi", "zan",
];
const INVENTED: usize = 3000;

pub struct Vocabulary(Vec<String>);

impl Vocabulary {
    pub fn new(random: &mut Random) -> Self {
        let mut words: Vec<String> = REAL.iter().map(|word| (*word).to_owned()).collect();
        let invented = (0..INVENTED).map(|_| {
            let syllables = 2 + random.below(3) as usize;
            (0..syllables).map(|_| SYLLABLES[random.below(20) as usize]).collect()
        });
        words.extend(invented);
        Self(words)
    }

    /// The n-th word of the list is about n times rarer than the first.
    pub fn pick(&self, random: &mut Random) -> &str {
        let rank = (self.0.len() as f64).powf(random.unit()) as usize;
        &self.0[rank.saturating_sub(1).min(self.0.len() - 1)]
    }

    pub fn nth(&self, n: u64) -> &str {
        &self.0[n as usize % self.0.len()]
    }

    pub fn text(&self, random: &mut Random, words: u64) -> String {
        (0..words).map(|_| self.pick(random)).collect::<Vec<_>>().join(" ")
    }
}
