"""What a document on paper says, in the languages Monokoto speaks."""

from __future__ import annotations

LANGUAGES = ("en", "ko")
_ROWS: dict[str, tuple[str, str]] = {
    "invoice": ("Invoice", "청구서"),
    "credit_note": ("Credit note", "대변표"),
    "number": ("Number", "번호"),
    "issued": ("Date", "발행일"),
    "due": ("Due", "지급 기한"),
    "period": ("Period", "이용 기간"),
    "customer_vat": ("Your VAT ID", "고객 사업자등록번호"),
    "vat": ("VAT ID", "사업자등록번호"),
    "registration": ("Registered", "등록 번호"),
    "order": ("Your order", "주문 번호"),
    "reference": ("Your reference", "고객 참조"),
    "preceding": ("For invoice", "원 청구서"),
    "what": ("What", "내역"),
    "quantity": ("Quantity", "수량"),
    "price": ("Price", "단가"),
    "amount": ("Amount", "금액"),
    "sum": ("Sum", "소계"),
    "net": ("Total without tax", "공급가액"),
    "tax": ("VAT {rate} % on {base}", "부가세 {rate} % ({base})"),
    "no_tax": ("No VAT on {base}", "부가세 없음 ({base})"),
    "gross": ("Total", "합계"),
    "prepaid": ("Paid already", "기지급액"),
    "rounding": ("Rounding", "끝수 조정"),
    "payable": ("To pay", "청구 금액"),
    "credited": ("Credited to you", "환급 금액"),
    "pay_to": ("Please pay to", "입금 계좌"),
    "holder": ("Account holder", "예금주"),
    "pay_reference": ("Reference", "입금 시 적요"),
    "collected": (
        "We collect the amount by direct debit (mandate {mandate}).",
        "금액은 자동 이체됩니다 (출금 동의 {mandate}).",
    ),
    "scan": ("Scan to pay", "QR로 지급"),
    "page": ("Page", "쪽"),
    "record": ("Record", "기록"),
}


def words(language: str) -> dict[str, str]:
    """All of them in a language, English where it is not spoken."""
    place = LANGUAGES.index(language) if language in LANGUAGES else 0
    return {name: texts[place] for name, texts in _ROWS.items()}
