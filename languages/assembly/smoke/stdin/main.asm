global main
extern scanf, printf

section .text
main:
    push rbx
    sub rsp, 16
    lea rdi, [rel form]
    lea rsi, [rsp + 8]
    xor eax, eax
    call scanf
    mov esi, [rsp + 8]
    imul esi, esi
    lea rdi, [rel line]
    xor eax, eax
    call printf
    xor eax, eax
    add rsp, 16
    pop rbx
    ret

section .rodata
form: db "%d", 0
line: db "%d", 10, 0
