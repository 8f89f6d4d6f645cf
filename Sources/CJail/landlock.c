/* Landlock: what of the file tree may be touched, and no signals out of the sandbox. */
#include "internal.h"

#include <linux/landlock.h>

struct ruleset_attributes { /* of the newest ABI; Debian 12's header ends at the first field */
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

int cjail_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

static int add_rule(int ruleset, const struct cjail_rule *rule)
{
    int folder = open(rule->path, O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
    if (folder < 0)
        return -errno;
    struct landlock_path_beneath_attr beneath = {.allowed_access = rule->rights, .parent_fd = folder};
    long result = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    int error = result < 0 ? -errno : 0;
    close(folder);
    return error;
}

static int add_rules(int ruleset, const struct cjail_plan *plan, bool wide)
{
    struct cjail_rule all = {.path = "/", .rights = plan->landlock_handled};
    if (wide)
        return add_rule(ruleset, &all);
    int error = 0;
    for (uint32_t i = 0; i < plan->rule_count && i < CJAIL_RULES_MAX && error == 0; i++)
        error = add_rule(ruleset, &plan->rules[i]);
    return error;
}

/* Makes the rules of one sandbox. Landlock passes over the folder that a mount hides, so a rule
 * for /tmp must be tied to what is mounted there. Guests of a confined host inherit its rules and
 * have other workspaces: wide leaves the files of such a host to its mounts, and to be a domain of
 * its own is what is left of Landlock there. Returns: a descriptor or -errno. */
int cjail_ruleset_open(const struct cjail_plan *plan, bool wide)
{
    struct ruleset_attributes attributes = {
        .handled_access_fs = plan->landlock_handled,
        .scoped = cjail_host_state.session ? 0 : plan->landlock_scoped, /* a session's guests may signal each other */
    };
    size_t size = attributes.scoped ? sizeof attributes : sizeof attributes.handled_access_fs;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (ruleset < 0)
        return -errno;
    int error = add_rules(ruleset, plan, wide);
    if (error < 0)
        close(ruleset);
    return error < 0 ? error : ruleset;
}
