#include "json.h"

struct reader {
    const char *at;
    const char *end;
};

bool same(struct text text, const char *literal) {
    size_t i = 0;
    for (; i < text.size; i++)
        if (literal[i] == '\0' || literal[i] != text.data[i])
            return false;
    return literal[i] == '\0';
}

static void blanks(struct reader *in) {
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r'))
        in->at++;
}

/* Skips blanks, then takes `byte` if it comes next. */
static bool take(struct reader *in, char byte) {
    blanks(in);
    if (in->at == in->end || *in->at != byte)
        return false;
    in->at++;
    return true;
}

static bool string(struct reader *in, struct text *out) {
    if (!take(in, '"'))
        return false;
    out->data = in->at;
    while (in->at < in->end && *in->at != '"' && *in->at != '\\' && (unsigned char)*in->at >= ' ')
        in->at++;
    out->size = (size_t)(in->at - out->data);
    return take(in, '"');
}

static bool boolean(struct reader *in, bool *out) {
    struct text word;
    blanks(in);
    word.data = in->at;
    while (in->at < in->end && *in->at >= 'a' && *in->at <= 'z')
        in->at++;
    word.size = (size_t)(in->at - word.data);
    *out = same(word, "true");
    return *out || same(word, "false");
}

static const char *member(struct reader *in, struct settings *settings) {
    struct text key;
    if (!string(in, &key) || !take(in, ':'))
        return "expected \"key\": value";
    if (same(key, "header"))
        return string(in, &settings->header) ? NULL : "`header` must be a string";
    if (same(key, "trust_client"))
        return boolean(in, &settings->trust_client) ? NULL : "`trust_client` must be true or false";
    if (same(key, "respond"))
        return boolean(in, &settings->respond) ? NULL : "`respond` must be true or false";
    return "unknown member; known are header, trust_client, respond";
}

const char *read_settings(const char *data, size_t size, struct settings *settings) {
    struct reader in = {data, data + size};
    const char *wrong;
    blanks(&in);
    if (in.at == in.end)
        return NULL;
    if (!take(&in, '{'))
        return "expected a JSON object";
    if (!take(&in, '}')) {
        do {
            wrong = member(&in, settings);
            if (wrong)
                return wrong;
        } while (take(&in, ','));
        if (!take(&in, '}'))
            return "expected , or } after a value";
    }
    blanks(&in);
    return in.at == in.end ? NULL : "text after the object";
}
