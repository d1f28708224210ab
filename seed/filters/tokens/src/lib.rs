//! JSON Web Tokens as far as the seed filters need them.
