/* The callbacks. Each request gets a correlation id: the client's, if it is trusted and
 * sane, else a fresh UUIDv4. The upstream sees it, and the client gets it back. */
#include "contexts.h"
#include "host.h"
#include "json.h"
#include "memory.h"

enum { UUID_SIZE = 36, MAX_HEADER = 64 };

EXPORT("proxy_abi_version_0_2_1") void abi_version(void) {}

EXPORT("proxy_on_context_create") void on_context_create(uint32_t id, uint32_t parent) {
    context_create(id, parent);
}

EXPORT("proxy_on_delete") void on_delete(uint32_t id) {
    context_delete(id);
}

static size_t length(const char *text) {
    size_t size = 0;
    while (text[size] != '\0')
        size++;
    return size;
}

static uint32_t refused(const char *reason) {
    static const char prefix[] = "correlation-id: configuration refused: ";
    char line[sizeof prefix + 80];
    size_t used = 0, i;
    for (i = 0; i < sizeof prefix - 1; i++)
        line[used++] = prefix[i];
    for (i = 0; i < length(reason) && used < sizeof line; i++)
        line[used++] = reason[i];
    proxy_log(LOG_ERROR, line, used);
    return 0;
}

static bool is_header_name(struct text name) {
    if (name.size == 0 || name.size > MAX_HEADER)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return true;
}

/* The configuration's bytes stay where the host put them: `header` points there. */
EXPORT("proxy_on_configure") uint32_t on_configure(uint32_t root, uint32_t size) {
    static const char fallback[] = "x-correlation-id";
    struct settings fresh = {{fallback, sizeof fallback - 1}, true, true};
    char *data = NULL;
    size_t got = 0;
    const struct context *context = context_find(root);
    const char *wrong;
    memory_reset();
    if (!context)
        return refused("the root context is unknown");
    if (size > 0 && proxy_get_buffer_bytes(BUFFER_PLUGIN_CONFIGURATION, 0, size, &data, &got) != STATUS_OK)
        return refused("the proxy did not hand it over");
    wrong = read_settings(data, data ? got : 0, &fresh);
    if (wrong)
        return refused(wrong);
    if (!is_header_name(fresh.header))
        return refused("`header` must be a header name in lower case, at most 64 characters");
    *context->settings = fresh;
    memory_keep();
    return 1;
}

/* An id that is safe to log and to forward: short, and of characters that need no quoting. */
static bool is_sane(struct text id) {
    if (id.size == 0 || id.size > MAX_ID)
        return false;
    for (size_t i = 0; i < id.size; i++) {
        char c = id.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              c == '.'))
            return false;
    }
    return true;
}

/* Writes UUID_SIZE characters. */
static bool fresh_id(char *out) {
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[16];
    if (random_get(bytes, sizeof bytes) != 0)
        return false;
    bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4 */
    bytes[8] = (bytes[8] & 0x3f) | 0x80; /* variant of RFC 9562 */
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 0x0f];
    }
    return true;
}

/* The id that the client sent, or an empty text. */
static struct text sent_id(const struct settings *settings) {
    struct text id = {NULL, 0};
    char *data = NULL;
    size_t size = 0;
    uint32_t status = proxy_get_header_map_value(MAP_REQUEST_HEADERS, settings->header.data, settings->header.size,
                                                 &data, &size);
    if (status == STATUS_OK && data)
        id = (struct text){data, size};
    return id;
}

static void remember(struct context *context, struct text id) {
    for (size_t i = 0; i < id.size; i++)
        context->id[i] = id.data[i];
    context->id_size = id.size;
}

EXPORT("proxy_on_request_headers")
uint32_t on_request_headers(uint32_t number, uint32_t count, uint32_t end_of_stream) {
    struct context *context = context_find(number);
    const struct settings *settings = context ? context->settings : NULL;
    struct text sent;
    (void)count;
    (void)end_of_stream;
    memory_reset();
    if (!settings || settings->header.size == 0)
        return ACTION_CONTINUE;
    sent = sent_id(settings);
    if (settings->trust_client && is_sane(sent)) {
        remember(context, sent);
    } else if (fresh_id(context->id)) {
        context->id_size = UUID_SIZE;
        proxy_replace_header_map_value(MAP_REQUEST_HEADERS, settings->header.data, settings->header.size, context->id,
                                       context->id_size);
    }
    return ACTION_CONTINUE;
}

EXPORT("proxy_on_response_headers")
uint32_t on_response_headers(uint32_t number, uint32_t count, uint32_t end_of_stream) {
    const struct context *context = context_find(number);
    (void)count;
    (void)end_of_stream;
    if (context && context->id_size > 0 && context->settings->respond)
        proxy_replace_header_map_value(MAP_RESPONSE_HEADERS, context->settings->header.data,
                                       context->settings->header.size, context->id, context->id_size);
    return ACTION_CONTINUE;
}
