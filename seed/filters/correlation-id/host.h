/* The part of the Proxy-Wasm ABI 0.2.1 and of WASI preview 1 that this filter calls. */
#ifndef CORRELATION_ID_HOST_H
#define CORRELATION_ID_HOST_H

#include <stddef.h>
#include <stdint.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

enum { LOG_ERROR = 4 };
enum { MAP_REQUEST_HEADERS = 0, MAP_RESPONSE_HEADERS = 2 };
enum { BUFFER_PLUGIN_CONFIGURATION = 7 };
enum { STATUS_OK = 0 };
enum { ACTION_CONTINUE = 0 };

IMPORT("env", "proxy_log")
uint32_t proxy_log(uint32_t level, const char *message, size_t size);

IMPORT("env", "proxy_get_buffer_bytes")
uint32_t proxy_get_buffer_bytes(uint32_t buffer, uint32_t start, uint32_t length, char **data, size_t *size);

IMPORT("env", "proxy_get_header_map_value")
uint32_t proxy_get_header_map_value(uint32_t map, const char *key, size_t key_size, char **value, size_t *size);

IMPORT("env", "proxy_replace_header_map_value")
uint32_t proxy_replace_header_map_value(uint32_t map, const char *key, size_t key_size, const char *value,
                                        size_t size);

IMPORT("wasi_snapshot_preview1", "random_get")
uint32_t random_get(void *buffer, size_t size);

#endif
