global main
extern printf

section .text
main:
    push rbx
    lea rbx, [rsi + 8]
.next:
    mov rsi, [rbx]
    test rsi, rsi
    jz .done
    lea rdi, [rel line]
    xor eax, eax
    call printf
    add rbx, 8
    jmp .next
.done:
    xor eax, eax
    pop rbx
    ret

section .rodata
line: db "<%s>", 10, 0
