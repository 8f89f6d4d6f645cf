/* What a Node that was started ahead needs of C: to wait, confined, for its one run.
 *
 * A guest of the exec host became Node before it parked; host.cjs made it ready and calls park(). It is an
 * ordinary Node with all its threads: nothing is stood in for, as forking.c must. Only what every Node since
 * 12.22 has is used. See docs/design/0010-warm-node.md. */
#define NAPI_VERSION 8
#include <node_api.h>

#include <stdlib.h>

extern int cjail_guest_await_ahead(char ***argv, char ***envp);

static napi_value strings(napi_env env, char **list)
{
    napi_value array, text;
    napi_create_array(env, &array);
    for (uint32_t i = 0; list[i]; i++) {
        napi_create_string_utf8(env, list[i], NAPI_AUTO_LENGTH, &text);
        napi_set_element(env, array, i, text);
    }
    return array;
}

/* park(): waits for the run; its streams and environment stand afterwards. Gives its arguments. */
static napi_value park(napi_env env, napi_callback_info info)
{
    (void)info;
    char **argv, **envp;
    cjail_guest_await_ahead(&argv, &envp);
    clearenv();
    for (; *envp; envp++)
        putenv(*envp);
    return strings(env, argv);
}

NAPI_MODULE_INIT()
{
    napi_value function;
    napi_create_function(env, "park", NAPI_AUTO_LENGTH, park, NULL, &function);
    napi_set_named_property(env, exports, "park", function);
    return exports;
}
