global main
extern scanf, printf

section .text
main:
    sub rsp, 72
    lea rdi, [rel form]
    mov rsi, rsp
    xor eax, eax
    call scanf
    lea rdi, [rel line]
    mov rsi, rsp
    xor eax, eax
    call printf
    xor eax, eax
    add rsp, 72
    ret

section .rodata
form: db "%63s", 0
line: db "%s ↔ 硅藻 🦠", 10, 0
